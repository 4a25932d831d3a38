/**
 * Runs a program as a user would, waits for its end, and finds what it left running. It knows nothing of what the
 * program should print.
 */
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { execa } from 'execa';
import { waitUntil } from '../../helpers/processes.ts';

export interface Outcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command tsx would run the program in a child of its own, which costs a start of Node.js more. */
const loader = pathToFileURL(createRequire(`${process.cwd()}/package.json`).resolve('tsx')).href;

/** Milliseconds that a program may take; then it is killed, and its exit code is `null`. */
const LIMIT = 60_000;
/** Milliseconds that its processes may take to go after its own end. */
const GRACE = 3_000;

/** Every process that a program starts inherits this variable, and so can be found. */
const MARK = 'EXAMPLE_RUN';

/**
 * @param file JavaScript, or TypeScript, which is run by tsx.
 * @throws if a process that it started outlives it.
 */
export async function runProgram(file: string): Promise<Outcome> {
  const run = randomUUID();
  const args = /\.[cm]?ts$/.test(file) ? ['--import', loader, file] : [file];
  const { exitCode, stdout, stderr } = await execa(process.execPath, args, {
    timeout: LIMIT,
    killSignal: 'SIGKILL',
    env: { [MARK]: run, NODE_OPTIONS: '' },
    stdin: 'ignore',
    reject: false,
    stripFinalNewline: false,
  });
  await waitUntil(
    () => processesOf(run).length === 0,
    GRACE,
    () => `${file} to leave no process behind, but these are left: ${processesOf(run).join(', ')}`,
  );
  return { exitCode: exitCode ?? null, stdout, stderr };
}

function processesOf(run: string): string[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc').filter(
    (pid) => /^\d+$/.test(pid) && read(`/proc/${pid}/environ`).includes(run),
  );
}

/** Empty for a process that is gone by now. */
function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
