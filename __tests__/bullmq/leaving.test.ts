/** The time that running jobs have when a machine leaves. */
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
