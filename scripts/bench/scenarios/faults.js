/** The SIGKILL of a worker in the middle of a task: when the caller hears of it, and when a pool works again. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { delay, median } from '../probes.js';
import { openWarm } from './calls.js';

const PATIENCE = 3000;
const NEVER = Symbol('never');

const within = (promise, ms) => Promise.race([promise, delay(ms, NEVER)]);

/** The worker that runs `block` writes its pid there. */
async function pidIn(file) {
  for (const deadline = performance.now() + PATIENCE; performance.now() < deadline; await delay(2)) {
    try {
      const text = readFileSync(file, 'utf8');
      if (text.endsWith('\n')) return Number(text);
    } catch {
      // Not written yet.
    }
  }
  throw new Error('no worker began the task');
}

/** Kills the worker of a running task; `seen` is the time of the rejection, or what came instead. */
async function killUnder(opened, folder, trial) {
  const file = join(folder, `${trial}`);
  const ended = Promise.resolve(opened.run('block', file)).then(
    () => 'resolved',
    () => performance.now(),
  );
  const pid = await pidIn(file);
  await delay(20);
  const killedAt = performance.now();
  process.kill(pid, 'SIGKILL');
  return { killedAt, seen: await within(ended, PATIENCE) };
}

async function deathSeen(opened, folder, trial) {
  const { killedAt, seen } = await killUnder(opened, folder, trial);
  if (seen === NEVER) return 'hangs';
  return seen === 'resolved' ? 'wrong' : seen - killedAt;
}

async function nextResult(opened, folder, trial) {
  const { killedAt, seen } = await killUnder(opened, folder, trial);
  if (seen === NEVER) return 'hangs';
  const next = await within(opened.run('echo', trial), PATIENCE);
  if (next === NEVER) return 'hangs';
  return next === trial ? performance.now() - killedAt : 'wrong';
}

function fault(name, title, workers, settle, measureTrial) {
  return {
    name,
    group: 'warm',
    title,
    metrics: { ms: { title, unit: 'ms' } },
    sizes: { full: { trials: 3 }, quick: { trials: 1 } },
    timeout: 30_000,
    // A thread cannot be killed without its process.
    kinds: ['ours', 'process', 'floor'],
    async run(pool, { trials }) {
      const folder = mkdtempSync(join(tmpdir(), 'loky-bench-'));
      const times = [];
      try {
        for (let trial = 0; trial < trials; trial++) {
          const opened = await openWarm(pool, { workers, faults: true });
          await delay(settle);
          const time = await measureTrial(opened, folder, trial);
          if (typeof time === 'string') return { status: time, metrics: {} };
          times.push(time);
          await within(
            Promise.resolve(opened.close()).catch(() => {}),
            1000,
          );
        }
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
      return { metrics: { ms: median(times) } };
    },
  };
}

export const faults = [
  fault('death-seen', "a worker's death seen by the caller", 2, 0, deathSeen),
  fault('next-after-kill', 'next result after the only worker was killed', 1, 400, nextResult),
];
