/**
 * Makes processes observable for tests, by /proc alone. It ends nothing and knows nothing of executors.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { descendantsOf, parseStat, readProcessTable } from '../../lib/watchdog/processes.ts';

export interface LivingProcess {
  pid: number;
  cmd: string;
}

/** The descendants of `pid` that run at this moment. Zombies have ended and are not counted. */
export function aliveDescendants(pid: number = process.pid): LivingProcess[] {
  const table = readProcessTable();
  if (!table) throw new Error('Expected to read /proc, which these tests need, but this system has none.');
  return descendantsOf(pid, table).map((descendant) => ({ pid: descendant, cmd: commandOf(descendant) }));
}

/** Whether a process with this pid runs. A zombie does not. */
export function isRunning(pid: number): boolean {
  try {
    const entry = parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
    return entry !== undefined && !/^[ZX]/.test(entry.state);
  } catch {
    return false;
  }
}

/** Resolves, with the milliseconds it took, once none of `pids` runs; rejects when one still runs after `ms`. */
export async function waitUntilGone(pids: readonly number[], ms: number): Promise<number> {
  const start = performance.now();
  await waitUntil(
    () => !pids.some(isRunning),
    ms,
    () => {
      const left = pids.filter(isRunning).map((pid) => `${pid} ${commandOf(pid)}`);
      return `these processes to be gone, but they still run: ${left.join('; ')}`;
    },
  );
  return performance.now() - start;
}

/** Resolves once `condition` holds; rejects when it does not within `ms`, saying what was expected. */
export async function waitUntil(
  condition: () => boolean,
  ms: number,
  expectation: () => string = () => `${condition} to become true`,
): Promise<void> {
  const deadline = performance.now() + ms;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`Within ${ms} ms, expected ${expectation()}`);
    await sleep(2);
  }
}

/** Whether a guardian has begun: SIGHUP is one of the signals that it ignores from its first line on. */
export function ignoresSignals(pid: number): boolean {
  const ignored = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
  return (BigInt(`0x${ignored}`) & 1n) === 1n;
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim().slice(0, 200);
  } catch {
    return '(just ended)';
  }
}
