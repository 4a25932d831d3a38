/** What only this package has: functions by value, and `map` with chunks. Warm code. */
import { median } from '../probes.js';
import tasks from '../tasks.cjs';
import { openWarm } from './calls.js';

const offset = 7;
const closure = (value) => value + offset;

function* count(end) {
  for (let value = 0; value < end; value++) yield value;
}

async function drain(results) {
  let sum = 0;
  for await (const value of results) sum += value;
  return sum;
}

function withData(index) {
  const table = Array.from({ length: 100 }, (_, entry) => entry * index);
  return (value) => table[value] + offset;
}

async function medianMicroseconds(calls, submit) {
  const times = [];
  for (let index = 0; index < calls; index++) {
    const start = performance.now();
    await submit(index);
    times.push((performance.now() - start) * 1000);
  }
  return median(times);
}

async function rateOf(calls, work) {
  const start = performance.now();
  await work();
  return calls / ((performance.now() - start) / 1000);
}

const us = (title) => ({ title, unit: 'µs' });
const rate = (title) => ({ title, unit: '/s', better: 'higher' });

export const own = [
  {
    name: 'functions-and-map',
    group: 'own',
    title: 'Functions by value, and map',
    metrics: {
      reference: us('a function by reference, one at a time'),
      closure: us('a closure, the same again, one at a time'),
      newClosure: us('a closure, new each time with 100 numbers, one at a time'),
      submits: rate('a submit for each item'),
      map: rate('map'),
      chunks: rate('map with chunkSize 100'),
    },
    sizes: { full: { calls: 2000, items: 20_000 }, quick: { calls: 50, items: 1000 } },
    timeout: 60_000,
    kinds: ['ours'],
    async run(pool, { calls, items }) {
      const { executor } = await openWarm(pool, { workers: 2 });
      const { echo } = tasks;
      const inputs = Array.from({ length: items }, (_, index) => index);
      const oneByOne = (functionOf) =>
        medianMicroseconds(calls, (index) => executor.submit(functionOf(index), index % 100));
      const submits = () => Promise.all(inputs.map((input) => executor.submit(echo, input)));
      await submits();
      return {
        metrics: {
          reference: await oneByOne(() => echo),
          closure: await oneByOne(() => closure),
          newClosure: await oneByOne(withData),
          submits: await rateOf(items, submits),
          map: await rateOf(items, () => executor.map(echo, inputs).toArray()),
          chunks: await rateOf(items, () => executor.map(echo, inputs, { chunkSize: 100 }).toArray()),
        },
      };
    },
  },
  {
    name: 'stream',
    group: 'own',
    title: 'Small values of one generator, beside a map of as many inputs by one worker',
    metrics: {
      stream: rate('stream'),
      buffered: rate('stream with bufferSize 1000'),
      chunks: rate('map with chunkSize 100'),
      share: { title: 'stream to map with chunkSize 100', unit: '×', better: 'higher' },
    },
    sizes: { full: { items: 100_000, repeats: 5 }, quick: { items: 2000, repeats: 1 } },
    timeout: 120_000,
    kinds: ['ours'],
    async run(pool, { items, repeats }) {
      const { executor } = await openWarm(pool, { workers: 1 });
      const inputs = Array.from({ length: items }, (_, index) => index);
      const ways = {
        stream: () => drain(executor.stream(count, items)),
        buffered: () => drain(executor.withOptions({ bufferSize: 1000 }).stream(count, items)),
        chunks: () => drain(executor.map(tasks.echo, inputs, { chunkSize: 100 })),
      };
      const rates = { stream: [], buffered: [], chunks: [] };
      for (const work of Object.values(ways)) await work();
      for (let repeat = 0; repeat < repeats; repeat += 1)
        for (const [way, work] of Object.entries(ways)) rates[way].push(await rateOf(items, work));
      const [stream, buffered, chunks] = Object.values(rates).map(median);
      return { metrics: { stream, buffered, chunks, share: stream / chunks } };
    },
  },
];
