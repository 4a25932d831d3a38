/**
 * Two timeouts that mean different things: `result({ timeout })` ends the wait, and the task continues;
 * `withOptions({ timeout })` ends the task, with its worker.
 */
import { getReusableExecutor, TimeoutError } from 'loky';

async function slowTask(duration: number): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, duration));
  return `Completed after ${duration} ms`;
}

const executor = getReusableExecutor({ maxWorkers: 2 });
// A wait is counted from the call of result(), so the start of the workers would count as well.
await executor.prewarm();

for (const { duration, timeout } of [
  { duration: 100, timeout: 10_000 },
  { duration: 60_000, timeout: 300 },
  { duration: 200, timeout: 10_000 },
]) {
  const future = executor.submit(slowTask, duration);
  try {
    console.log(`Task (${duration} ms, waited for ${timeout} ms): ${await future.result({ timeout })}`);
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    console.log(`Task (${duration} ms, waited for ${timeout} ms): Timed out`);
    console.log(
      `  It is still ${future.state}; killed: ${future.cancel({ kill: true })}; now ${future.state}`,
    );
  }
}

try {
  await executor.withOptions({ timeout: 300 }).submit(slowTask, 60_000);
} catch (error) {
  if (!(error instanceof TimeoutError)) throw error;
  console.log(`A limit for the task itself: ${error.message}`);
}
