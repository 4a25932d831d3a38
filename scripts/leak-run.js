/**
 * The leaking job run: 2,000 tasks that leak 5 MB each, with the default settings, beside the same tasks without
 * the leak. Prints what was lost, how far a worker went above its reference, and the throughput of both.
 *
 *   npm run build && node scripts/leak-run.js [tasks] [megabytes] [milliseconds that each of them works]
 */
import { ProcessPoolExecutor } from 'loky';

const tasks = Number(process.argv[2] ?? 2000);
const size = Number(process.argv[3] ?? 5) * 1e6;
const duration = Number(process.argv[4] ?? 20);
const THRESHOLD = 300e6;

/** What a task does in both runs: memory is written, and then kept or not. */
const work = (bytes, duration, keep) => {
  const buffer = Buffer.alloc(bytes, 1);
  const end = performance.now() + duration;
  while (performance.now() < end);
  if (keep) {
    globalThis.leaked ??= [];
    globalThis.leaked.push(buffer);
  }
  return { pid: process.pid, rss: process.memoryUsage.rss() };
};

async function run(keep) {
  const executor = new ProcessPoolExecutor();
  const recycled = [];
  executor.on('workerRecycled', (event) => recycled.push(event));
  await executor.prewarm();
  const start = performance.now();
  const futures = Array.from({ length: tasks }, () => executor.submit(work, size, duration, keep));
  const outcomes = await Promise.allSettled(futures);
  const seconds = (performance.now() - start) / 1000;
  await executor.shutdown();
  const done = outcomes.filter(({ status }) => status === 'fulfilled').map(({ value }) => value);
  const reference = new Map(recycled.map(({ pid, memory }) => [pid, memory.reference]));
  const growths = done.flatMap(({ pid, rss }) => (reference.has(pid) ? [rss - reference.get(pid)] : []));
  return {
    lost: tasks - done.length,
    recycled: recycled.length,
    growth: Math.max(0, ...growths),
    perSecond: tasks / seconds,
  };
}

const megabytes = (bytes) => `${Math.round(bytes / 1e6)} MB`;
const clean = await run(false);
const leaking = await run(true);
const ratio = leaking.perSecond / clean.perSecond;
const bound = THRESHOLD + size;

console.log(`tasks                      ${tasks} of ${megabytes(size)} and ${duration} ms each`);
console.log(`tasks lost                 ${leaking.lost} (without the leak ${clean.lost})`);
console.log(`workers recycled           ${leaking.recycled} (without the leak ${clean.recycled})`);
console.log(`most above the reference   ${megabytes(leaking.growth)} (goal: at most ${megabytes(bound)})`);
console.log(
  `throughput                 ${leaking.perSecond.toFixed(0)} tasks/s, without the leak ${clean.perSecond.toFixed(0)}`,
);
console.log(`ratio                      ${ratio.toFixed(2)} (goal: at least 0.8)`);
process.exitCode = leaking.lost === 0 && leaking.growth <= bound && ratio >= 0.8 ? 0 : 1;
