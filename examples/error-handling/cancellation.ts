/** A task that has not started can be cancelled. A running task can only be killed, with its worker. */
import { CancelledError, getReusableExecutor } from 'loky';

async function cancellableTask(taskId: number, duration: number): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, duration));
  return `Task ${taskId} result`;
}

const executor = getReusableExecutor({ maxWorkers: 2 });
await executor.prewarm();

const durations = [1000, 60_000, 1000, 1000];
const futures = durations.map((duration, taskId) => executor.submit(cancellableTask, taskId, duration));

await new Promise((resolve) => setTimeout(resolve, 200));
console.log(`After 200 ms: ${futures.map(({ state }) => state).join(', ')}`);

let cancelledCount = 0;
for (const [taskId, future] of futures.entries()) {
  if (taskId % 2 === 0) continue;
  if (future.cancel()) {
    console.log(`Successfully cancelled task ${taskId}`);
    cancelledCount += 1;
  } else console.log(`Could not cancel task ${taskId} (already running)`);
}

console.log(`By force, task 1: ${futures[1]?.cancel({ kill: true })}`);

for (const [taskId, future] of futures.entries()) {
  try {
    console.log(`Task ${taskId}: ${await future.result({ timeout: 30_000 })}`);
  } catch (error) {
    if (!(error instanceof CancelledError)) throw error;
    console.log(`Task ${taskId}: Was cancelled. ${error.message}`);
  }
}

console.log(`Cancelled ${cancelledCount} tasks before they began`);
