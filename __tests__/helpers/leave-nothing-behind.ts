/**
 * For every test file: when its last test is over, no process that it started may be left.
 * What ran already when the file began is not its business.
 */
import { afterAll, beforeAll } from '@jest/globals';
import { killTree } from '../../lib/watchdog/kill.ts';
import { aliveDescendants, type LivingProcess, waitUntil } from './processes.ts';

/** Ended processes need a moment to leave the process table. */
const GRACE = 2_000;

if (process.platform === 'linux') {
  let before = new Set<number>();
  const leftBehind = (): LivingProcess[] => aliveDescendants().filter(({ pid }) => !before.has(pid));

  beforeAll(() => {
    before = new Set(aliveDescendants().map(({ pid }) => pid));
  });

  afterAll(async () => {
    try {
      await waitUntil(
        () => leftBehind().length === 0,
        GRACE,
        () => {
          const list = leftBehind().map(({ pid, cmd }) => `\n  ${pid} ${cmd}`);
          return `this test file to leave no process behind, but these are left:${list.join('')}`;
        },
      );
    } finally {
      // The failure is reported; the next file, and the end of the run, must not suffer from it.
      for (const { pid } of leftBehind()) killTree(pid);
    }
  });
}
