/** For test files that need Redis: one for the file, and its tests are skipped, and counted as such, where there is none. */
import { afterAll, beforeAll, describe } from '@jest/globals';
import { redisVersion, startRedis, type TestRedis } from './redis.ts';

const isHere = redisVersion() !== undefined;

/** @param redis Of the file, from the first test on. */
export function describeWithRedis(name: string, tests: (redis: () => TestRedis) => void): void {
  const title = isHere ? name : `${name} (skipped: there is no redis-server; apt-get install redis-server)`;
  (isHere ? describe : describe.skip)(title, () => {
    let redis: TestRedis | undefined;
    beforeAll(async () => {
      redis = await startRedis();
    });
    afterAll(async () => {
      await redis?.remove();
    });
    tests(() => redis as TestRedis);
  });
}

let lastQueue = 0;

/** Each test has a queue of its own. */
export function newQueue(): string {
  lastQueue += 1;
  return `queue-${process.pid}-${lastQueue}`;
}
