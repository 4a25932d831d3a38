/**
 * A worker runs out of memory. With `onWorkerCrash: 'isolate'` only the task that it was running fails: the
 * worker is replaced and the pool continues. The heap is kept small here, so that it is exhausted soon.
 */
import { ProcessPoolExecutor, TerminatedWorkerError } from 'loky';

/** Allocates so many million rows, each a small object. */
function memoryIntensiveTask(millions: number): number {
  const rows = new Array<{ id: number }>(millions * 1e6);
  for (let id = 0; id < rows.length; id += 1) rows[id] = { id };
  return rows.slice(0, 1000).reduce((sum, { id }) => sum + id, 0);
}

await using executor = new ProcessPoolExecutor({
  maxWorkers: 2,
  execArgv: ['--max-old-space-size=64'],
  onWorkerCrash: 'isolate',
  stdio: 'ignore', // V8 has much to say when the heap is exhausted; the error keeps the end of it
});

for (const millions of [0.1, 0.5, 8, 10_000, 0.2]) {
  try {
    const result = await executor.submit(memoryIntensiveTask, millions);
    console.log(`Size ${millions}M: Success (${result})`);
  } catch (error) {
    if (error instanceof TerminatedWorkerError) {
      console.log(
        `Size ${millions}M: Worker terminated (${error.reason}, while it was running ${error.task})`,
      );
      console.log(`  V8's last words are kept: ${error.stderr.includes('JavaScript heap out of memory')}`);
    } else if (error instanceof RangeError) {
      console.log(`Size ${millions}M: An error of the task itself (${error.message})`);
    } else throw error;
  }
}
