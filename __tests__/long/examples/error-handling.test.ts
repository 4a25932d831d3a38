/** The programs under examples/error-handling run as they are, but for their types, and print what one expects, all of it. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { runProgram } from './run-program.ts';
import { createProgramFolder, stripTypes } from './stripped-programs.ts';

const outputs: Readonly<Record<string, string>> = {
  'broken-pool': `
Task 0: 0
Task 1: 2
Task 2: 4
Task 3 failed: TerminatedWorkerError, ERR_TERMINATED_WORKER
Task 4 failed: TerminatedWorkerError, ERR_TERMINATED_WORKER
Process pool broken: A worker process managed by the executor was unexpectedly terminated while it was running the task "problematicTask": it called process.exit(1) or otherwise ended itself.
The exit codes of the workers are {EXIT(1)}
The executor is broken (onWorkerCrash: 'break') and accepts no more tasks. Create another one; with onWorkerCrash: 'isolate' only the task of the worker that died fails.
The same error for all of them: true
Creating new executor...
Another one: true
Task 5: 10
`,
  'terminated-worker': `
Size 0.1M: Success (499500)
Size 0.5M: Success (499500)
Size 8M: Worker terminated (out-of-memory, while it was running memoryIntensiveTask)
  V8's last words are kept: true
Size 10000M: An error of the task itself (Invalid array length)
Size 0.2M: Success (499500)
`,
  'shutdown-error': `
Before shutdown: 10
Cannot use shutdown executor: cannot schedule new futures after shutdown
With new executor: 20
`,
  timeout: `
Task (100 ms, waited for 10000 ms): Completed after 100 ms
Task (60000 ms, waited for 300 ms): Timed out
  It is still running; killed: true; now cancelled
Task (200 ms, waited for 10000 ms): Completed after 200 ms
A limit for the task itself: The task "slowTask" ran longer than its timeout of 300 ms; its worker was killed.
`,
  cancellation: `
After 200 ms: running, running, pending, pending
Could not cancel task 1 (already running)
Successfully cancelled task 3
By force, task 1: true
Task 0: Task 0 result
Task 1: Was cancelled. The future was cancelled while its task ran; its worker was killed.
Task 2: Task 2 result
Task 3: Was cancelled. The future was cancelled before its task started.
Cancelled 1 tasks before they began
`,
  recovery: `
✗ Task 0: Application error (Task 0: Intentional error)
✓ Task 1: Success
✗ Task 2: Pool broken (attempt 1)
✓ Task 2: Success
✗ Task 3: Application error (Task 3: Intentional error)
✓ Task 4: Success
✗ Task 5: Application error (Task 5: Intentional error)
✓ Task 6: Success
✗ Task 7: Timeout (attempt 1)
✗ Task 7: Timeout (attempt 2)
✗ Task 7: Timeout (attempt 3)
✗ Task 7: Gave up after 2 retries
✗ Task 8: Application error (Task 8: Intentional error)
✗ Task 9: Pool broken (attempt 1)
✗ Task 9: Timeout (attempt 2)
✗ Task 9: Pool broken (attempt 3)
✗ Task 9: Gave up after 2 retries

Final Results:
Task 0: Error: Task 0: Intentional error
Task 1: Task 1: Success
Task 2: Task 2: Success
Task 3: Error: Task 3: Intentional error
Task 4: Task 4: Success
Task 5: Error: Task 5: Intentional error
Task 6: Task 6: Success
Task 7: Failed after 2 retries
Task 8: Error: Task 8: Intentional error
Task 9: Failed after 2 retries
`,
  'good-practices': `
A task that throws: the task itself failed with RangeError: no such month: 13
A task that crashes: a worker was lost (crash), with it this task
A task that hangs: it took too long
A task that crashes at first: went well in another process
And one more: everything is as before
In a try block: 3
After its end: the executor was shut down before
With a bad initializer: no worker can start: no such database
`,
};

const { folder, remove } = createProgramFolder();
afterAll(remove);

beforeAll(() => {
  stripTypes(
    Object.keys(outputs).map((name) => `examples/error-handling/${name}.ts`),
    folder,
  );
});

describe('each program runs to its end, prints what one expects, and leaves no process', () => {
  test.concurrent.each(Object.entries(outputs))(
    '%s',
    async (name, expected) => {
      const outcome = await runProgram(join(folder, `${name}.mjs`));
      expect(outcome).toEqual({ exitCode: 0, stdout: expected.trimStart(), stderr: '' });
    },
    90_000,
  );
});
