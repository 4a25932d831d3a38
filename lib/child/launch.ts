/**
 * The operating system's process of a worker. A pool's first task launches one before the rest of the pool is loaded: the worker
 * boots in that time. So this file imports little.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { entryPoint } from '../system/entry-points.ts';
import { nodeCommand } from '../system/node-command.ts';
import { withoutPrototype } from '../system/own.ts';
import { createMark, type Mark } from '../watchdog/mark.ts';
import { type ClaimLedger, createClaimLedger } from './claims.ts';
import type { StdioMode } from './output.ts';

export interface LaunchSettings {
  readonly execArgv: readonly string[];
  readonly execPath: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdio: StdioMode;
}

export interface Launched {
  readonly subprocess: ChildProcess;
  readonly mark: Mark;
  /** How tasks that were sent ahead are revoked; `undefined` where that cannot be done. */
  readonly claims: ClaimLedger | undefined;
}

/**
 * By Node's own `spawn`: the first result waits for this, and would wait 26 ms more for execa to load.
 *
 * @throws WorkerStartupError if there is no Node.
 * @throws what `spawn` throws for an unusable environment or argument.
 */
export function launchWorker({ execArgv, execPath, argv, env, stdio }: LaunchSettings): Launched {
  const script = entryPoint('worker');
  const node = nodeCommand(script, execPath);
  const mark = createMark();
  const claims = createClaimLedger();
  try {
    const subprocess = spawn(node.command, [...execArgv, script, ...argv], {
      env: withoutPrototype({ ...env, ...mark.environment, ...node.env }),
      // In the order of the worker's descriptors: see frames.ts and claims.ts. Where pipes can be overlapped (Windows), the worker
      // could otherwise not write while it reads.
      stdio: [
        'ignore',
        stdio === 'events' ? 'pipe' : stdio,
        'pipe',
        'overlapped',
        claims?.descriptor ?? 'ignore',
      ],
      // A group of its own: Ctrl-C does not reach it, and its descendants are found again.
      detached: true,
      windowsHide: true,
    });
    return { subprocess, mark, claims };
  } catch (error) {
    claims?.close();
    throw error;
  }
}

/** Ends the process of a worker for which there is no pool. */
export function dropLaunched({ subprocess, claims }: Launched): void {
  subprocess.on('error', () => {}); // it could not be created, or is just ending
  // Without descriptors, Node has a handle of no process, and would kill this process with its whole group.
  if (subprocess.pid !== undefined) subprocess.kill('SIGKILL');
  const streams = subprocess.stdio as typeof subprocess.stdio | undefined;
  for (const stream of streams ?? []) stream?.destroy();
  claims?.close();
}
