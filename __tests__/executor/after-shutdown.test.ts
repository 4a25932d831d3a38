/** A map whose inputs come after the shutdown of its executor starts nothing. */
import { expect, test } from '@jest/globals';
import { poolsOfEachTest, rejectionOf, square } from './pools.ts';

const pool = poolsOfEachTest();

test('an input that comes when the executor was shut down ends its map, and starts no worker', async () => {
  const executor = pool();
  let giveInput = () => {};
  const given = new Promise<void>((resolve) => {
    giveInput = resolve;
  });
  async function* inputs() {
    await given;
    yield 1;
  }
  const results = executor.map(square, inputs());
  await executor.shutdown();
  giveInput();
  expect((await rejectionOf(results.toArray())).name).toBe('ShutdownExecutorError');
  expect(executor.stats().workers).toEqual([]);
});
