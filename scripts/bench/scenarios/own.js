/** What this package has beyond calls: functions by value, `map`, streams, shared values. Warm code. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { openWarm, pathOf } from '../pools.js';
import * as probes from '../probes.js';
import tasks from '../tasks.cjs';
import { view } from './view.js';

const { allOf, inTurns, mapOf, median, oneByOne, rateOf, sized, timeOf, times, timesOf } = probes;

const offset = 7;
const closure = (value) => value + offset;
function withData(index) {
  const table = times(100, (entry) => entry * index);
  return (value) => table[value] + offset;
}

function* count(end) {
  for (let value = 0; value < end; value += 1) yield value;
}

async function drain(results) {
  for await (const value of results) if (value === undefined) throw new Error('a value was lost');
}

const same = (length, cost) => Array(length).fill(cost);

/** From 2 µs to 20 ms, the same numbers each time. */
function mixed(length) {
  let seed = 7;
  return times(length, () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return [2, 50, 1000, 20_000][Math.floor((seed / 2 ** 31) ** 3 * 4)];
  });
}

/** `undefined` where there is no joblib. */
async function joblibRate(items) {
  try {
    const running = promisify(execFile)('python3', [pathOf('./joblib-batches.py'), '2']);
    running.child.stdin.on('error', () => {}).end(JSON.stringify(items)); // more than fits into an argument
    return items.length / Number((await running).stdout);
  } catch {
    return undefined;
  }
}

/**
 * Beside the best of fixed sizes, and beside joblib's automatic batches where python3-joblib is installed. Work is counted in
 * steps, not in time: a busy machine gives nobody any of it for nothing.
 */
const autoOf = (title, costs, sizes) => ({
  rows: {
    auto: `map of ${title}: chunkSize 'auto', /s`,
    best: `map of ${title}: the best fixed chunkSize, /s`,
    one: `map of ${title}: chunkSize 1, /s`,
    joblib: `map of ${title}: joblib's automatic batches, /s`,
    share: [`map of ${title}: auto to best, ×`, { loky: 0.9 }, 'higher'],
    first: [`map of ${title}: first result, auto to chunkSize 1, ×`, { loky: 2 }],
  },
  async run(pool) {
    const { executor } = await openWarm(pool);
    const perMicrosecond = probes.stepsPerMicrosecond();
    const items = costs.slice(0, Math.max(4, sized(costs.length)));
    const inputs = items.map((cost) => Math.round(cost * perMicrosecond));
    await executor.map(tasks.spin, inputs.slice(0, 1000), { chunkSize: 100 }).toArray();
    const ways = mapOf(['auto', ...sizes], (chunkSize) => async () => {
      const results = executor.map(tasks.spin, inputs, { chunkSize });
      const first = await timeOf(() => results.next());
      return { first, total: first + (await timeOf(() => results.toArray())) };
    });
    const taken = await inTurns(ways, sized(5));
    const medianOf = (size, key) => median(taken[size].map((each) => each[key]));
    const rateWith = (size) => (items.length * 1000) / medianOf(size, 'total');
    const [auto, one, best] = [rateWith('auto'), rateWith(1), Math.max(...sizes.map(rateWith))];
    const first = medianOf('auto', 'first') / medianOf(1, 'first');
    return { auto, best, one, joblib: await joblibRate(items), share: auto / best, first };
  },
});

const isThere = (value) => value !== undefined;
const isThereShared = (shared) => shared.value !== undefined;

/** Beside sending it once to each worker, which nothing can do without, and sending it with each task. */
const sharedOf = (title, make) => ({
  rows: {
    shared: `${title}: 200 tasks over it, shared, ms`,
    once: `${title}: sent once to each worker, ms`,
    ratio: [`${title}: shared to sent once to each worker, ×`, { loky: 1.2 }],
    each: `${title}: 200 tasks over it, sent with each, ms`,
  },
  async run(pool) {
    const [value, length] = [make(), sized(200)];
    // In new workers: what they were sent before is not to help.
    const inNewWorkers = async (work) => {
      const { executor } = await openWarm(pool);
      const time = await timeOf(() => work(executor));
      await executor.shutdown();
      return time;
    };
    const once = (executor) => allOf(2, () => executor.submit(isThere, value));
    const shared = async (executor) => {
      const handle = executor.share(value);
      await allOf(length, () => executor.submit(isThereShared, handle));
      handle[Symbol.dispose]();
    };
    const ways = { once: () => inNewWorkers(once), shared: () => inNewWorkers(shared) };
    const taken = await inTurns(ways, sized(5));
    const ratio = median(taken.shared.map((time, repeat) => time / taken.once[repeat]));
    // Some are enough to know what one costs.
    const four = await inNewWorkers((executor) => oneByOne(4, () => executor.submit(isThere, value)));
    return { shared: median(taken.shared), once: median(taken.once), ratio, each: (four / 4) * length };
  },
});

const mapOfSize = (length) => new Map(times(length, (index) => [`key ${index}`, index]));

/** A function that captures its table. */
function lookUp(length) {
  const table = mapOfSize(length);
  return (key) => table.get(key);
}

export const own = {
  title: 'Functions by value, map, streams and shared values',
  timeout: 600_000,
  pools: ['loky'],
  scenarios: {
    'functions-and-map': {
      rows: {
        reference: 'a function by reference, one at a time, µs',
        closure: 'a closure, the same again, one at a time, µs',
        newClosure: 'a closure, new each time with 100 numbers, one at a time, µs',
        submits: 'a submit for each item, /s',
        map: 'map, /s',
        chunks: 'map with chunkSize 100, /s',
      },
      async run(pool) {
        const { executor } = await openWarm(pool);
        const inputs = times(sized(20_000), Number);
        const trip = async (functionOf) => {
          const call = (index) => executor.submit(functionOf(index), index % 100);
          return median(await timesOf(sized(2000), call)) * 1000;
        };
        const rate = (work) => rateOf(inputs.length, work);
        const submits = () => allOf(inputs.length, (input) => executor.submit(tasks.echo, input));
        const map = (options) => executor.map(tasks.echo, inputs, options).toArray();
        await submits();
        return {
          reference: await trip(() => tasks.echo),
          closure: await trip(() => closure),
          newClosure: await trip(withData),
          submits: await rate(submits),
          map: await rate(() => map()),
          chunks: await rate(() => map({ chunkSize: 100 })),
        };
      },
    },
    stream: {
      rows: {
        stream: 'stream, /s',
        buffered: 'stream with bufferSize 1000, /s',
        chunks: 'map with chunkSize 100, one worker, /s',
        share: ['stream to map with chunkSize 100, ×', { loky: 0.5 }, 'higher'],
      },
      async run(pool) {
        const { executor } = await openWarm(pool, { workers: 1 });
        const items = sized(100_000);
        const inputs = times(items, Number);
        const buffered = executor.withOptions({ bufferSize: 1000 });
        const rateWith = (open) => () => rateOf(items, () => drain(open()));
        const ways = {
          stream: rateWith(() => executor.stream(count, items)),
          buffered: rateWith(() => buffered.stream(count, items)),
          chunks: rateWith(() => executor.map(tasks.echo, inputs, { chunkSize: 100 })),
        };
        await inTurns(ways, 1);
        const rates = await inTurns(ways, sized(5));
        const figures = mapOf(Object.keys(ways), (way) => median(rates[way]));
        return { ...figures, share: figures.stream / figures.chunks };
      },
    },
    'auto-2us': autoOf('100,000 items of 2 µs', same(100_000, 2), [1, 100, 1000, 10_000]),
    'auto-50us': autoOf('20,000 items of 50 µs', same(20_000, 50), [1, 10, 100, 1000]),
    'auto-1ms': autoOf('1,000 items of 1 ms', same(1000, 1000), [1, 10, 50]),
    'auto-20ms': autoOf('60 items of 20 ms', same(60, 20_000), [1, 2, 4]),
    'auto-mix': autoOf('2,000 items of 2 µs to 20 ms', mixed(2000), [1, 4, 16, 64]),
    'shared-buffer': sharedOf('a Buffer of 100 MB', () => Buffer.alloc(sized(100e6), 1)),
    'shared-map': sharedOf('a Map of 1,000,000 entries', () => mapOfSize(sized(1e6))),
    'shared-table': sharedOf('a function that captures 100,000 entries', () => lookUp(sized(1e5))),
    ...view,
  },
};
