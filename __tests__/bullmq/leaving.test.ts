/** The time that running jobs have when a machine leaves. */
import { once } from 'node:events';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { MessageChannel } from 'node:worker_threads';
import { expect, test } from '@jest/globals';
import { createGrace } from '../../lib/bullmq/leaving.ts';

const never = new Promise<never>(() => {});
const openTimers = (): number =>
  process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;

test('who asks last can make it shorter, not longer', async () => {
  const grace = createGrace();
  const covered = grace.covers(never);
  grace.endAfter(3_600_000);
  grace.endAfter(10);
  grace.endAfter(3_600_000);
  expect(await covered).toBe(false);
});

test('what ends in time is covered, and no timer is left, also of who asks afterwards', async () => {
  const before = openTimers();
  const grace = createGrace();
  grace.endAfter(3_600_000);
  expect(await grace.covers(Promise.resolve())).toBe(true);
  grace.endAfter(1_000_000);
  expect(openTimers()).toBe(before);
});

test('a time that is longer than a timer can wait does not end at once', async () => {
  const grace = createGrace();
  grace.endAfter(2 ** 31);
  expect(await grace.covers(sleep(20))).toBe(true);
});

test.each([55, 500])(
  'what has arrived in time is covered, also if the process is busy until %i ms and reads it late',
  async (ms) => {
    const { port1, port2 } = new MessageChannel();
    const grace = createGrace();
    await turn(); // timers are next, and messages are read after them
    const covered = grace.covers(once(port2, 'message'));
    port1.postMessage('done');
    grace.endAfter(50);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
    expect(await covered).toBe(true);
    port1.close();
  },
);
