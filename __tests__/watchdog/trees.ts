/** Process trees for tests, of plain shells and Node: they are what a task could start. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** JavaScript of a process that never returns to its event loop. */
export const SPINNING = 'while (true) {}';
export const IDLE = 'setInterval(() => {}, 1e6)';

/** JavaScript that starts `script` in another Node process. */
export const starts = (script: string, options: { detached?: boolean } = {}) =>
  `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(script)}], ` +
  `{ detached: ${options.detached ?? false}, stdio: ['ignore', 'inherit', 'inherit'] });`;

/** JavaScript that prints the pid of the process, one to a line. */
export const SAYS_ITS_PID = 'require("node:fs").writeSync(1, process.pid + "\\n");';

export interface Tree {
  readonly root: ChildProcess;
  /** Those that said their pid, in that order. */
  readonly pids: number[];
  /** Resolves when the exit of the root was seen. */
  readonly exited: Promise<unknown>;
}

/**
 * JavaScript that leaves an orphan in the session of the process, in a process group of its own, and waits until
 * it has lost its parent. Job control gives each job a group; the shell must be bash, others want a terminal.
 */
export const LEAVES_AN_ORPHAN =
  'require("node:child_process").execFileSync("/bin/bash", ["-c", "set -m; sleep 2718 >&- & echo $!"], ' +
  '{ stdio: ["ignore", 1, 2] });';

/** Starts a detached process as workers are started, and waits until `count` processes of its tree said their pid. */
export async function startTree(script: string, count: number): Promise<Tree> {
  const root = spawn(process.execPath, ['-e', script], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(root, 'exit');
  let output = '';
  while (output.split('\n').length <= count) {
    const [chunk] = (await once(root.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
    output += chunk;
  }
  return { root, pids: output.trim().split('\n').map(Number), exited };
}
