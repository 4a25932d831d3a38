/** A worker thread as the host of a pool: it works as in the main thread, and ends its pool when it ends itself. */

import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { aliveDescendants, waitUntil } from '../../helpers/processes.ts';

const folder = mkdtempSync(join(tmpdir(), 'loky-thread-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const threads: Worker[] = [];
afterEach(async () => {
  for (const thread of threads.splice(0)) await thread.terminate();
});

const HEAD = `
import { parentPort } from 'node:worker_threads';
import { ProcessPoolExecutor } from ${JSON.stringify(new URL('../../../dist/index.js', import.meta.url).href)};
const say = (value) => parentPort.postMessage(value);
const captured = 3;
`;

let count = 0;
function startThread(source: string): Worker {
  count += 1;
  const file = join(folder, `thread-${count}.mjs`);
  writeFileSync(file, HEAD + source);
  const thread = new Worker(file);
  threads.push(thread);
  return thread;
}

const poolWorkers = () => aliveDescendants().filter(({ cmd }) => cmd.includes('worker.cjs'));
const untilNoneIsLeft = () =>
  waitUntil(
    () => poolWorkers().length === 0,
    5_000,
    () => `the workers to end, but these run: ${poolWorkers().map(({ pid }) => pid)}`,
  );

describe('in a worker thread', () => {
  test('closures, errors, crashes and timeouts come out as in the main thread', async () => {
    const thread = startThread(`
      const executor = new ProcessPoolExecutor({ maxWorkers: 1, onWorkerCrash: 'isolate' });
      const codeOf = async (future) => (await future.exception()).code;
      say({
        closure: await executor.submit((a) => a + captured, 1),
        error: (await executor.submit(() => { throw new TypeError('no'); }).exception()) instanceof TypeError,
        crash: await codeOf(executor.submit(() => process.exit(3))),
        timeout: await codeOf(executor.withOptions({ timeout: 100 }).submit(() => { for (;;); })),
      });
      await executor.shutdown();
    `);
    const ended = once(thread, 'exit');
    expect((await once(thread, 'message'))[0]).toEqual({
      closure: 4,
      error: true,
      crash: 'ERR_TERMINATED_WORKER',
      timeout: 'ERR_TIMEOUT',
    });
    expect(await ended).toEqual([0]);
    await untilNoneIsLeft();
  });

  test('an executor that is idle keeps the thread from ending as little as the main thread', async () => {
    const thread = startThread(`
      const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
      say(await executor.submit(() => captured));
    `);
    const ended = once(thread, 'exit');
    expect((await once(thread, 'message'))[0]).toBe(3);
    expect(await ended).toEqual([0]);
    await untilNoneIsLeft();
  });

  test.each([
    ['is terminated', 'undefined', 1],
    ['calls process.exit', 'process.exit(4)', 4],
  ])(
    'workers that are busy end when the thread %s, while the process goes on',
    async (_how, end, exitCode) => {
      const thread = startThread(`
      import { once } from 'node:events';
      const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
      const future = executor.submit(() => { for (;;); });
      while (!future.running()) await new Promise((resolve) => setTimeout(resolve, 1));
      say('busy');
      await once(parentPort, 'message');
      ${end};
    `);
      const ended = once(thread, 'exit');
      await once(thread, 'message');
      expect(poolWorkers().length).toBeGreaterThan(0);
      if (exitCode === 1) await thread.terminate();
      else thread.postMessage('end');
      expect(await ended).toEqual([exitCode]);
      await untilNoneIsLeft();
    },
  );
});
