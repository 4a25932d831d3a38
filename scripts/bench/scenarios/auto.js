/**
 * `map` with chunks that size themselves, beside the best of fixed sizes, and beside joblib's automatic batches where
 * python3-joblib is installed. Work is counted in steps, not in time: a busy machine gives nobody any of it for nothing.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { median } from '../probes.js';
import { openWarm } from './calls.js';

const WORKERS = 2;
const joblib = fileURLToPath(new URL('../joblib-batches.py', import.meta.url));

export function spin(steps) {
  let sum = 0;
  for (let step = 0; step < steps; step += 1) sum = (sum * 31 + step) % 1_000_003;
  return sum;
}

/** How many steps take a microsecond here. */
function stepsPerMicrosecond() {
  spin(5_000_000);
  const start = performance.now();
  spin(20_000_000);
  return 20_000 / (performance.now() - start);
}

/** The same numbers each time. */
function mixed(count) {
  let seed = 7;
  return Array.from({ length: count }, () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return [2, 50, 1000, 20_000][Math.floor((seed / 2 ** 31) ** 3 * 4)];
  });
}

async function timeOf(executor, inputs, chunkSize) {
  const start = performance.now();
  const results = executor.map(spin, inputs, { chunkSize });
  await results.next();
  const first = performance.now() - start;
  await results.toArray();
  return { first, total: performance.now() - start };
}

/** Medians for each size. The order rotates: what one size leaves behind, such as garbage, falls to another one each time. */
async function timesOf(executor, inputs, sizes, repeats) {
  const taken = new Map(sizes.map((size) => [size, []]));
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    for (let turn = 0; turn < sizes.length; turn += 1) {
      const size = sizes[(turn + repeat) % sizes.length];
      taken.get(size).push(await timeOf(executor, inputs, size));
    }
  }
  const medians = ([size, times]) => [
    size,
    { first: median(times.map(({ first }) => first)), total: median(times.map(({ total }) => total)) },
  ];
  return new Map([...taken].map(medians));
}

async function joblibRate(times) {
  try {
    const running = promisify(execFile)('python3', [joblib, String(WORKERS)]);
    running.child.stdin.on('error', () => {}).end(JSON.stringify(times)); // more than fits into an argument
    const { stdout } = await running;
    return times.length / Number(stdout);
  } catch {
    return undefined; // there is no joblib
  }
}

function row(name, title, costs, sizes) {
  const rate = (what) => ({ title: `map of ${title}: ${what}`, unit: '/s', better: 'higher' });
  return {
    name: `auto-${name}`,
    group: 'own',
    title: `map of ${title}, sized by itself and by hand`,
    metrics: {
      auto: rate("chunkSize 'auto'"),
      best: rate('the best fixed chunkSize'),
      one: rate('chunkSize 1'),
      joblib: rate("joblib's automatic batches"),
      share: { title: `map of ${title}: auto to best`, unit: '×', better: 'higher' },
      first: { title: `map of ${title}: first result, auto to chunkSize 1`, unit: '×' },
    },
    sizes: { full: { repeats: 5, share: 1 }, quick: { repeats: 1, share: 0.05 } },
    timeout: 300_000,
    rounds: 1,
    kinds: ['ours'],
    async run(pool, { repeats, share }) {
      const { executor } = await openWarm(pool, { workers: WORKERS });
      const perMicrosecond = stepsPerMicrosecond();
      const times = costs.slice(0, Math.max(4, Math.ceil(costs.length * share)));
      const inputs = times.map((time) => Math.round(time * perMicrosecond));
      await timeOf(executor, inputs.slice(0, 1000), 100);
      const taken = await timesOf(executor, inputs, ['auto', ...sizes], repeats);
      const rateOf = (size) => times.length / (taken.get(size).total / 1000);
      const best = Math.max(...sizes.map(rateOf));
      const others = await joblibRate(times);
      return {
        metrics: {
          auto: rateOf('auto'),
          best,
          one: rateOf(1),
          ...(others !== undefined && { joblib: others }),
          share: rateOf('auto') / best,
          first: taken.get('auto').first / taken.get(1).first,
        },
      };
    },
  };
}

const same = (count, time) => Array(count).fill(time);

export const auto = [
  row('2us', '100,000 items of 2 µs', same(100_000, 2), [1, 100, 1000, 10_000]),
  row('50us', '20,000 items of 50 µs', same(20_000, 50), [1, 10, 100, 1000]),
  row('1ms', '1,000 items of 1 ms', same(1000, 1000), [1, 10, 50]),
  row('20ms', '60 items of 20 ms', same(60, 20_000), [1, 2, 4]),
  row('mix', '2,000 items of 2 µs to 20 ms', mixed(2000), [1, 4, 16, 64]),
];
