/** An executor that was shut down takes no more tasks; a new one does. */
import { ProcessPoolExecutor, ShutdownExecutorError } from 'loky';

function task(x: number): number {
  return x * 2;
}

const executor = new ProcessPoolExecutor({ maxWorkers: 2 });
console.log(`Before shutdown: ${await executor.submit(task, 5)}`);

await executor.shutdown();

try {
  await executor.submit(task, 10);
} catch (error) {
  if (!(error instanceof ShutdownExecutorError)) throw error;
  console.log(`Cannot use shutdown executor: ${error.message}`);

  await using newExecutor = new ProcessPoolExecutor({ maxWorkers: 2 });
  console.log(`With new executor: ${await newExecutor.submit(task, 10)}`);
}
