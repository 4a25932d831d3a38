/**
 * Functions by reference and by value. Those made here are not exported, so they go by value: once as the same
 * function again and again, once as a new function with data of its own at every submit.
 */
import { median } from '../measure/statistics.js';

const offset = 7;
const cached = (value) => value + offset;

function withData(index) {
  const table = Array.from({ length: 100 }, (_, entry) => entry * index);
  return (value) => table[value] + offset;
}

const own = { title: '', unit: 'µs', better: 'lower' };

export const closures = {
  name: 'closures',
  group: 'closures and map',
  title: 'Closures, one at a time',
  libs: ['loky'],
  metrics: {
    firstByValue: { title: 'first function by value in a process', unit: 'ms', better: 'lower' },
    byReference: { ...own, title: 'by reference' },
    byValueCached: { ...own, title: 'by value, the same function again' },
    byValueWithData: { ...own, title: 'by value, new each time, 100 numbers captured' },
    burstByReference: { title: 'by reference, at once', unit: '/s', better: 'higher' },
    burstByValueCached: { title: 'by value, the same function, at once', unit: '/s', better: 'higher' },
  },
  sizes: { full: { calls: 1000, burst: 10_000 }, quick: { calls: 200, burst: 2000 } },
  timeout: 60_000,
  async run({ adapter, library, sizes }) {
    const { executor } = await adapter.open(library, { workers: 2 });
    const { echo } = library.tasks;
    await executor.submit(echo, 1);
    let right = true;

    const timed = async (submit, expected) => {
      const start = performance.now();
      const result = await submit();
      const ms = performance.now() - start;
      right &&= result === expected;
      return ms;
    };
    const each = async (submit, expected) => {
      const times = [];
      for (let index = 0; index < sizes.calls; index++) {
        times.push(await timed(() => submit(index), expected(index)));
      }
      return median(times) * 1000;
    };
    const atOnce = async (fn, expected) => {
      const start = performance.now();
      const results = await Promise.all(
        Array.from({ length: sizes.burst }, (_, index) => executor.submit(fn, index)),
      );
      const seconds = (performance.now() - start) / 1000;
      right &&= results.every((result, index) => result === expected(index));
      return sizes.burst / seconds;
    };

    const metrics = {
      firstByValue: await timed(() => executor.submit(cached, 1), 8),
      byReference: await each(
        (index) => executor.submit(echo, index),
        (index) => index,
      ),
      byValueCached: await each(
        (index) => executor.submit(cached, index),
        (index) => index + 7,
      ),
      byValueWithData: await each(
        (index) => executor.submit(withData(index), 3),
        (index) => 3 * index + 7,
      ),
      burstByReference: await atOnce(echo, (index) => index),
      burstByValueCached: await atOnce(cached, (index) => index + 7),
    };
    return { status: right ? 'ok' : 'wrong', metrics };
  },
};
