/** The good practices of error handling: detect what went wrong, recover where that makes sense, leave nothing behind. */
import {
  BrokenProcessPool,
  CancelledError,
  InitializerError,
  ProcessPoolExecutor,
  ShutdownExecutorError,
  TerminatedWorkerError,
  TimeoutError,
} from 'loky';

// Error detection: test for the most specific class first. `code` is the same as a string.

function whatHappened(error: unknown): string {
  if (error instanceof TerminatedWorkerError) return `a worker was lost (${error.reason}), with it this task`;
  if (error instanceof InitializerError) return `no worker can start: ${(error.cause as Error).message}`;
  if (error instanceof BrokenProcessPool) return 'the executor is of no more use: make a new one';
  if (error instanceof ShutdownExecutorError) return 'the executor was shut down before';
  if (error instanceof TimeoutError) return 'it took too long';
  if (error instanceof CancelledError) return 'it was cancelled';
  return `the task itself failed with ${error}`;
}

async function tell(what: string, outcome: PromiseLike<unknown>): Promise<void> {
  try {
    console.log(`${what}: ${await outcome}`);
  } catch (error) {
    console.log(`${what}: ${whatHappened(error)}`);
  }
}

// Resource management: `await using` shuts the executor down however the block is left.
{
  // Recovery: with 'isolate' a crash costs one task, and a pool that crashes too often breaks.
  await using executor = new ProcessPoolExecutor({
    maxWorkers: 1,
    onWorkerCrash: 'isolate',
    restartIntensity: { max: 3, window: 60_000 },
    memory: { limit: 2e9 }, // a task that runs away with the memory is ended before the machine suffers
    stdio: 'ignore',
  });
  await tell(
    'A task that throws',
    executor.submit(() => {
      throw new RangeError('no such month: 13');
    }),
  );
  await tell(
    'A task that crashes',
    executor.submit(() => process.abort()),
  );

  // A limit for each task: one that hangs does not keep its worker forever.
  const limited = executor.withOptions({ timeout: 500 });
  await tell(
    'A task that hangs',
    limited.submit(() => {
      for (;;);
    }),
  );

  // Retries: only a task whose worker died runs again. An error that the task throws would come again.
  const badProcess = await executor.submit(() => process.pid);
  await tell(
    'A task that crashes at first',
    executor.withOptions({ retries: 1 }).submit((pid: number) => {
      if (process.pid === pid) process.exit(1);
      return 'went well in another process';
    }, badProcess),
  );

  await tell(
    'And one more',
    executor.submit(() => 'everything is as before'),
  );
}

// Without `await using`: shutdown in a finally block.

const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
try {
  await tell(
    'In a try block',
    executor.submit((a: number, b: number) => a + b, 1, 2),
  );
} finally {
  await executor.shutdown();
}

try {
  executor.submit(() => 'too late');
} catch (error) {
  console.log(`After its end: ${whatHappened(error)}`); // submit itself throws, as there is no future to fail
}

// An initializer that fails breaks the executor: nothing could run in its workers.

const misconfigured = new ProcessPoolExecutor({
  maxWorkers: 1,
  initializer: () => {
    throw new Error('no such database');
  },
});
await tell(
  'With a bad initializer',
  misconfigured.submit(() => 'never runs'),
);
await misconfigured.shutdown();
