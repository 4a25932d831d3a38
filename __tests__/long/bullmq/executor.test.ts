/** BullMQExecutor keeps the contract of every executor, with a serving machine in another process. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { CancelledError, ShutdownExecutorError, TerminatedWorkerError, TimeoutError } from 'loky';
import { BullMQExecutor, type BullMQExecutorOptions } from 'loky/bullmq';
import { isRunning, waitUntil, waitUntilGone } from '../../helpers/processes.ts';
import { type Machine, startMachine } from './machines.ts';
import { Money } from './programs/money.js';
import * as tasks from './programs/tasks.js';
import { describeWithRedis, newQueue } from './with-redis.ts';

describeWithRedis('an executor over a queue', (redis) => {
  const queue = newQueue();
  let machine: Machine;
  let executor: BullMQExecutor;
  let folder = '';
  const open = (options: Partial<BullMQExecutorOptions> = {}): BullMQExecutor =>
    new BullMQExecutor({
      queue,
      connection: redis().connection,
      tasks: tasks.tasks,
      checkInterval: 500,
      ...options,
    });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'loky-remote-'));
    machine = await startMachine({ queue, connection: redis().connection, maxWorkers: 2 });
    executor = open();
  });

  afterAll(async () => {
    await executor?.shutdown();
    await machine?.kill('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  });

  const hanging = async (): Promise<{ future: ReturnType<typeof executor.submit>; pid: number }> => {
    const file = join(folder, `hang-${Math.random()}`);
    const future = executor.submit(tasks.hang, file);
    await waitUntil(
      () => read(file) !== '',
      20_000,
      () => 'the task to begin',
    );
    await waitUntil(
      () => future.running(),
      20_000,
      () => 'the future to be running',
    );
    return { future, pid: Number(read(file)) };
  };

  test('submit gives what the task returns', async () => {
    expect(await executor.submit(tasks.add, 1, 2)).toBe(3);
  });

  test('values travel as they are, with reducers for those that need them', async () => {
    const value = { map: new Map([[1, new Date(5)]]), big: 10n, nothing: undefined, nan: Number.NaN };
    expect(await executor.submit(tasks.echo, value)).toEqual(value);
    const money = await executor.submit(tasks.echo, [new Money(3, 'EUR')]);
    expect(money).toEqual([new Money(3, 'EUR')]);
    expect((money as [unknown])[0]).toBeInstanceOf(Money);
  });

  test('the error of a task arrives with class, message, cause, properties and both stacks', async () => {
    const error = await executor.submit(tasks.fail, 'too far').exception();
    expect(error).toMatchObject({ name: 'RangeError', message: 'too far', detail: { code: 7 } });
    expect(error).toHaveProperty('cause.message', 'the cause');
    expect(error?.stack).toMatch(/tasks\.js.*submitted from.*executor\.test/s);
  });

  test('map gives results in the order of the inputs, in chunks too', async () => {
    const numbers = Array.from({ length: 25 }, (_, index) => index);
    expect(await executor.map(tasks.square, numbers, { chunkSize: 4 }).toArray()).toEqual(
      numbers.map((n) => n * n),
    );
    expect(await executor.map(tasks.add, [1, 2, 3], [10, 20]).toArray()).toEqual([11, 22]);
  });

  test('an error on one item of a chunk does not lose those before it', async () => {
    const seen: unknown[] = [];
    const results = executor.map(tasks.failOn, ['a', 'b', 'bad', 'c'], { chunkSize: 4 });
    await expect(
      (async () => {
        for await (const result of results) seen.push(result);
      })(),
    ).rejects.toThrow('a bad item');
    expect(seen).toEqual(['a', 'b']);
  });

  test('what a task reports comes to its future, in order and before the result', async () => {
    const seen: unknown[] = [];
    const at = new Date(5);
    const future = executor.submit(tasks.steps, 5, at).onProgress((value) => seen.push(value));
    future.addDoneCallback(() => seen.push('result'));
    expect(await future).toBe(5);
    const steps = [1, 2, 3, 4, 5].map((step) => ({ step, of: 5, value: at }));
    expect(seen).toEqual([...steps, 'done', 'result']);
  });

  test('a task learns its job id and its attempt', async () => {
    const [one, two] = await Promise.all([executor.submit(tasks.whoAmI), executor.submit(tasks.whoAmI)]);
    expect(one).toMatchObject({ attempt: 1, queue });
    expect((one as { id: string }).id).not.toBe((two as { id: string }).id);
  });

  test('a crash fails its task alone, with TerminatedWorkerError', async () => {
    const [crashed, fine] = [executor.submit(tasks.crash), executor.submit(tasks.sleep, 50)];
    const error = await crashed.exception();
    expect(error).toBeInstanceOf(TerminatedWorkerError);
    expect(error).toMatchObject({ signal: 'SIGKILL', reason: 'crash', task: 'crash' });
    expect(await fine).toBe(50);
  });

  test('with retries a task whose worker died is run again', async () => {
    expect(await executor.withOptions({ retries: 3 }).submit(tasks.crashUntilAttempt, 3)).toBe(3);
  });

  test('a task that throws is not run again', async () => {
    const error = await executor.withOptions({ retries: 5 }).submit(tasks.fail, 'once').exception();
    expect(error?.message).toBe('once');
  });

  test('a timeout ends the worker that ran the task', async () => {
    const file = join(folder, 'timeout');
    const error = await executor.withOptions({ timeout: 300 }).submit(tasks.hang, file).exception();
    expect(error).toBeInstanceOf(TimeoutError);
    await waitUntilGone([Number(read(file))], 10_000);
  });

  test('cancel leaves a running task alone, and with kill ends it where it runs', async () => {
    const { future, pid } = await hanging();
    expect(future.cancel()).toBe(false);
    expect(isRunning(pid)).toBe(true);
    expect(future.cancel({ kill: true })).toBe(true);
    await expect(future.result()).rejects.toBeInstanceOf(CancelledError);
    await waitUntilGone([pid], 10_000);
  });

  test('an aborted signal ends a running task, with the reason as cause', async () => {
    const controller = new AbortController();
    const file = join(folder, 'abort');
    const future = executor.withOptions({ signal: controller.signal }).submit(tasks.hang, file);
    await waitUntil(() => read(file) !== '', 20_000);
    controller.abort(new Error('enough'));
    await expect(future.result()).rejects.toMatchObject({
      name: 'CancelledError',
      cause: new Error('enough'),
    });
    await waitUntilGone([Number(read(file))], 10_000);
  });

  test('a waiting task that is cancelled never runs', async () => {
    const [one, two] = [await hanging(), await hanging()];
    const file = join(folder, 'never');
    const waiting = executor.submit(tasks.hang, file);
    expect(waiting.cancel()).toBe(true);
    one.future.cancel({ kill: true });
    two.future.cancel({ kill: true });
    expect(await executor.submit(tasks.add, 2, 2)).toBe(4);
    expect(read(file)).toBe('');
  });

  test('a priority above 0 runs before what waits', async () => {
    const [one, two] = [await hanging(), await hanging()];
    const order: string[] = [];
    const note = (name: string) => () => {
      order.push(name);
    };
    const normal = executor.submit(tasks.echo, 'normal');
    const low = executor.withOptions({ priority: -5 }).submit(tasks.echo, 'low');
    normal.addDoneCallback(note('normal'));
    low.addDoneCallback(note('low'));
    expect(await redis().command('zcard', `bull:${queue}:prioritized`)).toMatch(/^[01]$/);
    const high = executor.withOptions({ priority: 5 }).submit(tasks.echo, 'high');
    high.addDoneCallback(note('high'));
    await untilSent(3);
    one.future.cancel({ kill: true });
    await Promise.all([normal, low, high]);
    expect(order[0]).toBe('high');
    expect(order.at(-1)).toBe('low');
    two.future.cancel({ kill: true });
  });

  /** Until so many jobs wait in the queue. */
  async function untilSent(count: number): Promise<void> {
    for (;;) {
      const waiting = Number(await redis().command('llen', `bull:${queue}:wait`));
      const prioritized = Number(await redis().command('zcard', `bull:${queue}:prioritized`));
      if (waiting + prioritized >= count) return;
    }
  }

  test('shutdown waits for what was submitted, and takes no more', async () => {
    const own = open();
    const future = own.submit(tasks.sleep, 200);
    const end = own.shutdown();
    expect(() => own.submit(tasks.noop)).toThrow(ShutdownExecutorError);
    await end;
    expect(future.done()).toBe(true);
    expect(await future).toBe(200);
  });

  test('shutdown with killWorkers ends what runs, and fails it', async () => {
    const own = open();
    const file = join(folder, 'killed');
    const future = own.submit(tasks.hang, file);
    await waitUntil(() => read(file) !== '', 20_000);
    await own.shutdown({ killWorkers: true });
    await expect(future.result()).rejects.toThrow('killWorkers: true');
    await waitUntilGone([Number(read(file))], 10_000);
  });

  test('shutdown with cancelFutures cancels what has not begun', async () => {
    const [one, two] = [await hanging(), await hanging()];
    const own = open();
    const waiting = own.submit(tasks.add, 1, 1);
    await own.shutdown({ cancelFutures: true });
    expect(waiting.cancelled()).toBe(true);
    one.future.cancel({ kill: true });
    two.future.cancel({ kill: true });
  });

  test('a result of any size below the limit comes, also beside the message', async () => {
    const text = await executor.submit(tasks.grow, 500_000);
    expect((text as string).length).toBe(500_000);
  });
});

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
