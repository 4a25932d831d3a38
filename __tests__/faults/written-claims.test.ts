/** A task that writes into the file of the claims costs its own worker, and nobody else anything. */
import { expect, test } from '@jest/globals';
import { poolsOfEachTest } from '../executor/pools.ts';

const pool = poolsOfEachTest();

type Way = 'nothing' | 'append' | 'overwrite';
const short = (n: number, way: Way): number => {
  if (way === 'nothing') return n;
  const { appendFileSync, openSync, closeSync, fstatSync, writeSync } = process.getBuiltinModule('node:fs');
  const zeros = Buffer.alloc(4_000);
  if (way === 'append') appendFileSync('/proc/self/fd/4', zeros);
  else {
    const file = openSync('/proc/self/fd/4', 'r+');
    writeSync(file, Buffer.alloc(fstatSync(file).size), 0, fstatSync(file).size, 0);
    closeSync(file);
  }
  const end = performance.now() + 4_000; // it is ended when the host looks after what it has sent ahead
  while (performance.now() < end);
  return n;
};

/** Its outcome in a word; `hangs` if there is none in time. */
async function inTime(work: Promise<unknown>): Promise<string> {
  let clock: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    clock = setTimeout(resolve, 5_000, 'hangs');
  });
  const outcome = work.then(
    () => 'fine',
    (error: Error) => error.name,
  );
  return Promise.race([outcome, late]).finally(() => clearTimeout(clock));
}

test.each(['append', 'overwrite'] as const)(
  'all futures settle when a task is to %s claims, and the pool goes on',
  async (way) => {
    const executor = pool({ onWorkerCrash: 'isolate', stdio: 'ignore' });
    for (let n = 0; n < 300; n += 1) await executor.submit(short, n, 'nothing'); // it is known to be short
    const futures = Array.from({ length: 60 }, (_, n) =>
      executor.submit(short, n, n === 5 ? way : 'nothing'),
    );
    const outcomes = await Promise.all(futures.map(inTime));
    expect(outcomes[5]).toBe('TerminatedWorkerError');
    expect(outcomes).not.toContain('hangs');
    if (way === 'append') expect(outcomes.filter((outcome) => outcome !== 'fine')).toHaveLength(1);
    expect(await inTime(executor.submit(short, 1, 'nothing'))).toBe('fine');
    expect((await futures[5]?.exception())?.message).toMatch(
      /it sent what is not part of the protocol \(a task has .*written file descriptor 4\)/,
    );
  },
  30_000,
);
