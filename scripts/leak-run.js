/**
 * The leaking job run: 2,000 tasks that leak 5 MB each, with the default settings, beside the same tasks without
 * the leak. Prints what was lost, how far a worker went above its reference, and the throughput of both.
 *
 *   npm run build && node scripts/leak-run.js [tasks] [megabytes] [milliseconds that each of them works]
 *
 * With `--unprotected` also the leak with workers that are never replaced, as far as the memory goes: what is
 * missing there is what touching fresh memory costs, and the rest is the price of the replacements.
 */
import { parseArgs } from 'node:util';
import { ProcessPoolExecutor } from 'loky';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { unprotected: { type: 'boolean', default: false } },
});
const [tasks = 2000, megabytesEach = 5, duration = 20] = positionals.map(Number);
const size = megabytesEach * 1e6;
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

async function run(keep, options = {}) {
  const executor = new ProcessPoolExecutor(options);
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
if (flags.unprotected) {
  const { perSecond } = await run(true, { memory: { leakThreshold: 1e12 } });
  console.log(
    `never replaced             ${perSecond.toFixed(0)} tasks/s: ${(perSecond / clean.perSecond).toFixed(2)} of those without the leak`,
  );
}
process.exitCode = leaking.lost === 0 && leaking.growth <= bound && ratio >= 0.8 ? 0 : 1;
