/**
 * Starts the operating system's process of a worker. By Node's own `spawn`: the first result waits for this, and
 * would wait 26 ms more for execa to load.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { ClaimLedger } from '../channel/claims.ts';
import { entryPoint } from '../system/entry-points.ts';
import { nodeCommand } from '../system/node-command.ts';
import { withoutPrototype } from '../system/own.ts';
import type { Mark } from '../watchdog/worker-tree.ts';
import type { StdioMode } from './output.ts';

export interface SpawnSettings {
  readonly execArgv: readonly string[];
  readonly execPath: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdio: StdioMode;
}

/**
 * @throws WorkerStartupError if there is no Node.
 * @throws what `spawn` throws for an unusable environment or argument.
 */
export function spawnWorker(
  { execArgv, execPath, env, stdio }: SpawnSettings,
  mark: Mark,
  claims: ClaimLedger | undefined,
): ChildProcess {
  const stdout = stdio === 'events' ? 'pipe' : stdio;
  const script = entryPoint('worker');
  const node = nodeCommand(script, execPath);
  return spawn(node.command, [...execArgv, script], {
    env: withoutPrototype({ ...env, ...mark.environment, ...node.env }),
    // The order is that of the descriptors which the worker knows: see start-message.ts and claims.ts.
    stdio: ['ignore', stdout, 'pipe', 'pipe', claims?.descriptor ?? 'ignore'],
    // A group of its own: Ctrl-C does not reach it, and its descendants are found again.
    detached: true,
    windowsHide: true,
  });
}
