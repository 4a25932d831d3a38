/**
 * How a process knows that it was started as a worker, by which process, and which script it is to run: a variable of its
 * environment, which a worker takes away before anything of the user's runs. A process that finds it and runs something else is a
 * copy of the application, and must start nothing.
 */

const VARIABLE = 'LOKY_START';

/** What a copy of the application writes to stderr, where its host looks for it. */
export const RUNS_SOMETHING_ELSE = 'was started as a worker of loky, and runs a program of its own';

/** @returns A part of the environment of a process that is to run `script`. */
export function markStart(script: string): Readonly<Record<string, string>> {
  return { [VARIABLE]: `${process.pid}:${script}` };
}

/** For a worker at boot: what its tasks start is no worker. */
export function takeStart(): void {
  delete process.env[VARIABLE];
}

/**
 * The pid of the process that started this one as a worker, in vain. A preload of a real worker is none: the script that the
 * worker is to run comes after it.
 *
 * @param worker The script of workers: a wrapper may pass on its arguments without its environment.
 */
export function startedInVainBy(worker: string | undefined): string | undefined {
  const [, pid, script] = /^(\d+):(.*)$/s.exec(process.env[VARIABLE] ?? '') ?? [];
  if (pid !== undefined) return script === process.argv[1] ? undefined : pid;
  return worker !== undefined && process.argv.indexOf(worker) > 1 ? String(process.ppid) : undefined;
}

/** Whether a process that was started as a worker has said that it runs something else. */
export function isNoWorker(stderr: string | Buffer): boolean {
  return stderr.includes(RUNS_SOMETHING_ELSE);
}
