/**
 * Descendants that made a session of their own and lost their parent can be told by nothing but their environment:
 * every worker gets a mark there, and what it starts inherits it. Linux only, where /proc shows it.
 */
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';

const VARIABLE = 'LOKY_WORKER_MARK';

export interface Mark {
  /** To be part of the worker's environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Ends every process with this mark. */
  killAll(): void;
}

export function createMark(platform: NodeJS.Platform = process.platform): Mark {
  const value = randomUUID();
  return {
    environment: { [VARIABLE]: value },
    killAll() {
      if (platform !== 'linux') return;
      for (const pid of markedProcesses(`${VARIABLE}=${value}\0`))
        attempt(() => process.kill(pid, 'SIGKILL'));
    },
  };
}

/** For helpers of the host, which outlive it: they are not to be taken for something that a worker left behind. */
export function withoutMark(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { [VARIABLE]: _, ...rest } = environment;
  return rest;
}

function markedProcesses(entry: string): number[] {
  const pids = attempt(() => readdirSync('/proc')) ?? [];
  return pids
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => attempt(() => readFileSync(`/proc/${name}/environ`, 'latin1'))?.includes(entry))
    .map(Number);
}

/** What is looked at may end at any moment, or belong to another user: both are no error here. */
function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}
