/** What workers and their descendants write, and hold open, keeps nobody waiting. */
import { expect, test } from '@jest/globals';
import { poolsOfEachTest, rejectionOf, square } from '../executor/pools.ts';
import { waitUntilGone } from '../helpers/processes.ts';

const newPool = poolsOfEachTest();

const FLOOD = 50_000_000;

const flood = (bytes: number): number => {
  const { writeSync } = process.getBuiltinModule('node:fs');
  const line = Buffer.alloc(64 * 1024, 'x');
  line[line.length - 1] = 10;
  let written = 0;
  while (written < bytes) {
    try {
      written += writeSync(1, line);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
  return written;
};

test("50 MB on stdout with stdio: 'ignore' go nowhere", async () => {
  const executor = newPool({ stdio: 'ignore' });
  expect(await executor.submit(flood, FLOOD)).toBeGreaterThanOrEqual(FLOOD);
  expect(await executor.submit(square, 3)).toBe(9);
});

test("50 MB on stdout with stdio: 'events' come line by line, and the result with them", async () => {
  const executor = newPool({ stdio: 'events' });
  let received = 0;
  executor.on('output', ({ line }) => {
    received += line.length + 1;
  });
  const written = await executor.submit(flood, FLOOD);
  await executor.shutdown();
  expect(received).toBe(written);
});

test("50 MB on stderr with stdio: 'events' leave the last lines for the report", async () => {
  const executor = newPool({ stdio: 'events', onWorkerCrash: 'isolate' });
  const error = await rejectionOf(
    executor.submit(() => {
      const { writeSync } = process.getBuiltinModule('node:fs');
      const line = Buffer.alloc(64 * 1024, 'x');
      for (let written = 0; written < 50_000_000; ) {
        try {
          written += writeSync(2, line);
        } catch {} // the pipe is full for the moment
      }
      process.stderr.write('\nthe very last words\n', () => process.exit(3));
      return new Promise(() => setInterval(() => {}, 1_000));
    }),
  );
  expect(error).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('the very last words') });
  expect((error as unknown as { stderr: string }).stderr.length).toBeLessThan(10_000);
});

/** Starts a process that outlives the worker's own end and holds one of its descriptors, then ends the worker. */
const leaveHolderOf = (descriptor: number): void => {
  const { spawn } = process.getBuiltinModule('node:child_process');
  const stdio: ('ignore' | number)[] = ['ignore', 'ignore', 'ignore'];
  while (stdio.length < descriptor) stdio.push('ignore');
  stdio[descriptor] = descriptor;
  const holder = spawn('sleep', ['600'], { detached: true, stdio });
  process.getBuiltinModule('node:fs').writeSync(2, `holder ${holder.pid}\n`);
  process.exit(5);
};

test.each([
  ['its stderr', 2],
  ['its channel', 3],
  ['its claims', 4],
])(
  'a detached descendant that holds %s open keeps no future and no shutdown waiting',
  async (_, descriptor) => {
    const executor = newPool({ stdio: 'events', onWorkerCrash: 'isolate' });
    const start = performance.now();
    const error = await rejectionOf(executor.submit(leaveHolderOf, descriptor));
    const holder = Number(/holder (\d+)/.exec((error as unknown as { stderr: string }).stderr)?.[1]);
    try {
      expect(error).toMatchObject({ name: 'TerminatedWorkerError', exitCode: 5 });
      expect(performance.now() - start).toBeLessThan(5_000);
      expect(await executor.submit(square, 3)).toBe(9);
      await executor.shutdown();
      expect(performance.now() - start).toBeLessThan(10_000);
    } finally {
      process.kill(holder, 'SIGKILL');
    }
    await waitUntilGone([holder], 5_000);
  },
);
