/** The SIGKILL of a worker in the middle of a task: when the caller hears of it, and when a pool works again. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from '../measure/statistics.js';
import { census } from '../measure/workers.js';

const PATIENCE = 3000;
const NEVER = Symbol('never');

const delay = (ms, value) => new Promise((resolve) => setTimeout(resolve, ms, value));
const within = (promise, ms) => Promise.race([promise, delay(ms, NEVER)]);

/** The worker that runs `block` writes its pid there. */
async function pidIn(file) {
  for (const deadline = performance.now() + PATIENCE; performance.now() < deadline; ) {
    try {
      const text = readFileSync(file, 'utf8');
      if (text.endsWith('\n')) return Number(text);
    } catch {
      // Not written yet.
    }
    await delay(2);
  }
  throw new Error('no worker began the task');
}

/** Kills the worker of a running task; `seen` is the time of the rejection, or what came instead. */
async function killUnder(pool, folder, trial) {
  const file = join(folder, `${trial}`);
  const ended = Promise.resolve(pool.run('block', file)).then(
    () => 'resolved',
    () => performance.now(),
  );
  const pid = await pidIn(file);
  await delay(20);
  const killedAt = performance.now();
  process.kill(pid, 'SIGKILL');
  return { killedAt, seen: await within(ended, PATIENCE) };
}

async function eachTrial({ adapter, library, sizes }, workers, measureTrial) {
  const folder = mkdtempSync(join(tmpdir(), 'loky-bench-'));
  const times = [];
  try {
    for (let trial = 0; trial < sizes.trials; trial++) {
      const pool = await adapter.open(library, { workers, faults: true });
      await census(pool, workers);
      if (sizes.settle) await delay(sizes.settle);
      const time = await measureTrial(pool, folder, trial);
      if (typeof time === 'string') return { status: time, metrics: {} };
      times.push(time);
      await within(
        Promise.resolve(pool.close()).catch(() => {}),
        1000,
      );
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return { metrics: { ms: median(times) } };
}

async function deathSeen(pool, folder, trial) {
  const { killedAt, seen } = await killUnder(pool, folder, trial);
  if (seen === NEVER) return 'hangs';
  return seen === 'resolved' ? 'wrong' : seen - killedAt;
}

async function nextResult(pool, folder, trial) {
  const { killedAt, seen } = await killUnder(pool, folder, trial);
  if (seen === NEVER) return 'hangs';
  const next = await within(pool.run('echo', trial), PATIENCE);
  if (next === NEVER) return 'hangs';
  return next === trial ? performance.now() - killedAt : 'wrong';
}

/** A thread cannot be killed without its process. */
const notThreads = ({ adapter }) => adapter.kind !== 'threads';

export const death = {
  name: 'death-seen',
  group: 'start and faults',
  title: "A worker's death seen by the caller",
  metrics: { ms: { title: 'death seen', unit: 'ms', better: 'lower' } },
  sizes: { full: { trials: 5 }, quick: { trials: 2 } },
  timeout: 30_000,
  applies: notThreads,
  run: (context) => eachTrial(context, 2, deathSeen),
};

export const nextAfterKill = {
  name: 'next-after-kill',
  group: 'start and faults',
  title: 'Next result after the only worker was killed',
  metrics: { ms: { title: 'next result after a kill', unit: 'ms', better: 'lower' } },
  sizes: { full: { trials: 3, settle: 400 }, quick: { trials: 1, settle: 400 } },
  timeout: 30_000,
  applies: notThreads,
  run: (context) => eachTrial(context, 1, nextResult),
};
