/** A task for whose bytes there is no memory fails alone, also one that would have been sent ahead of its turn. */
import { expect, test } from '@jest/globals';
import { callOf, fakePool } from './fake-workers.ts';

test('it fails when its turn comes, and those around it are run', async () => {
  const { manager, workers } = fakePool({ maxWorkers: 1 });
  const play = () => {
    for (const worker of workers) {
      worker.read();
      worker.finish();
      while (worker.answers.length > 0) worker.deliver();
    }
  };
  const first = manager.submit(callOf(1));
  await Promise.resolve(); // what is submitted in one go is sent in one go
  play();
  play();
  expect(await first).toBe(1); // a short one

  const noMemory = new RangeError('Array buffer allocation failed');
  const second = manager.submit(callOf(2));
  const third = manager.submit(
    callOf(3, () => {
      throw noMemory;
    }),
  );
  const fourth = manager.submit(callOf(4));
  await Promise.resolve(); // the second begins, and the third would be sent ahead
  expect([second, third, fourth].map(({ state }) => state)).toEqual(['running', 'pending', 'pending']);
  play();
  expect(await third.exception()).toBe(noMemory);
  expect([second, fourth].map(({ state }) => state)).toEqual(['finished', 'running']);
  play();
  expect(await fourth).toBe(4);
  void manager.shutdown({ wait: false });
  play();
});
