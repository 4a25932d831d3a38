/** Machines of the tests: processes that serve a queue. It knows nothing of what they run. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('./programs/machine.js', import.meta.url));

export interface MachineOptions {
  readonly queue: string;
  readonly connection: object;
  readonly maxWorkers?: number;
  readonly [option: string]: unknown;
}

export interface MachineEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Machine {
  readonly pid: number;
  /** What it said so far, line by line. */
  readonly said: readonly string[];
  /** Resolves with its exit code or signal. */
  readonly ended: Promise<MachineEnd>;
  /** Resolves when it says something that begins so. */
  says(start: string): Promise<string>;
  kill(signal: NodeJS.Signals): Promise<void>;
}

export async function startMachine(
  options: MachineOptions,
  env: Record<string, string> = {},
): Promise<Machine> {
  const machine = launchMachine(options, env);
  await machine.says('ready');
  return machine;
}

/** Without waiting until it takes jobs. */
export function launchMachine(options: MachineOptions, env: Record<string, string> = {}): Machine {
  const child = spawn(process.execPath, [program, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '', ...env },
  });
  const said: string[] = [];
  const waiting = new Set<() => void>();
  createInterface(child.stdout).on('line', (line) => {
    said.push(line);
    for (const wake of waiting) wake();
  });
  // `close`: all that it said was read.
  const ended = once(child, 'close').then(([exitCode, signal]) => ({ exitCode, signal }) as MachineEnd);
  const says = async (start: string): Promise<string> => {
    for (;;) {
      const line = said.find((each) => each.startsWith(start));
      if (line !== undefined) return line;
      const woken = new Promise<void>((resolve) => waiting.add(resolve));
      const outcome = await Promise.race([woken, ended]);
      waiting.clear();
      if (outcome !== undefined && !said.some((each) => each.startsWith(start))) {
        throw new Error(
          `Expected the machine to say "${start}", but it ended having said: ${said.join('; ')}`,
        );
      }
    }
  };
  return {
    pid: child.pid as number,
    said,
    ended,
    says,
    async kill(signal) {
      child.kill(signal);
      await ended;
    },
  };
}
