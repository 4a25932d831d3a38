'use strict';

/**
 * From CommonJS: a runner of jobs whose code leaks: each job keeps five megabytes forever. Its workers are replaced
 * between two jobs, before they grow too large, and no job is lost.
 */
const { ProcessPoolExecutor } = require('loky');

const MEGABYTE = 1_000_000;

/** Stands for a library that never releases what it was given. */
function leakyJob(number) {
  globalThis.kept ??= [];
  globalThis.kept.push(Buffer.alloc(5 * MEGABYTE, 1));
  return number * 2;
}

async function main() {
  const executor = new ProcessPoolExecutor({
    maxWorkers: 2,
    onWorkerCrash: 'isolate',
    crashRetries: 1, // these jobs may be run twice
    maxTasksPerWorker: 1_000, // for leaks of other things than memory
    memory: { leakThreshold: 60 * MEGABYTE, checkDelay: 50, limit: 500 * MEGABYTE },
  });

  let recycled = 0;
  let largest = 0;
  executor.on('workerRecycled', ({ reason, memory }) => {
    if (reason !== 'memory-leak' || memory === undefined) return;
    recycled += 1;
    largest = Math.max(largest, memory.memory);
  });

  const jobs = Array.from({ length: 100 }, (_, number) => executor.submit(leakyJob, number));
  const results = await Promise.all(jobs);
  await executor.shutdown();

  console.log(`${results.length} jobs done, the last one gave ${results.at(-1)}`);
  console.log(`workers replaced: ${recycled > 0}; each before it had 500 MB: ${largest < 500 * MEGABYTE}`);
}
void main();
