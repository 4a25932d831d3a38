/** `future.send`: messages from the host to a running task, which reads them with `taskMessages`. */
import { describe, expect, test } from '@jest/globals';
import { QueueFullError, reportProgress, taskMessages } from 'loky';
import { poolsOfEachTest, rejectionOf, sleepFor, square } from './pools.ts';

const newPool = poolsOfEachTest();

/** What it is sent until it is told to stop. */
async function collect(): Promise<unknown[]> {
  const messages: unknown[] = [];
  for await (const message of taskMessages()) {
    if (message === 'stop') break;
    messages.push(message);
  }
  return messages;
}

/** Says when it has begun, so that what is sent from then on is sent to a running task. */
function begun(future: { onProgress(fn: () => void): unknown }): Promise<void> {
  return new Promise((resolve) => future.onProgress(resolve));
}

describe('messages', () => {
  test('reach a task that waits and one that runs, in their order', async () => {
    const executor = newPool();
    const busy = executor.submit(sleepFor, 100);
    const future = executor.submit(async () => {
      reportProgress('begun');
      const { taskMessages: messages } = await import('loky');
      const seen: unknown[] = [];
      for await (const message of messages()) if (seen.push(message) === 4) break;
      return seen;
    });
    expect(future.send(1)).toBe(true);
    expect(future.send(2)).toBe(true);
    expect(future.state).toBe('pending');
    await begun(future);
    expect(future.send(3)).toBe(true);
    expect(future.send(4)).toBe(true);
    expect(await future).toEqual([1, 2, 3, 4]);
    await busy;
  });

  test('are values as arguments are: copied at the call, functions with what they use', async () => {
    const executor = newPool();
    const future = executor.submit(async () => {
      const results: unknown[] = [];
      for await (const message of taskMessages<() => unknown>()) {
        if (typeof message !== 'function') return [...results, message];
        results.push(message());
      }
      return undefined;
    });
    const factor = 7;
    const list = [1, 2];
    future.send(() => list.map((n) => n * factor));
    list.push(3);
    future.send(function second() {
      return Buffer.alloc(300_000, factor).length;
    });
    future.send(new Map([['bytes', new Uint8Array(100_000).fill(1)]]));
    const [first, second, third] = (await future) as [unknown, unknown, Map<string, Uint8Array>];
    expect([first, second]).toEqual([[7, 14], 300_000]);
    expect(third.get('bytes')?.every((byte) => byte === 1)).toBe(true);
  });

  test('that cannot be sent are refused, and nothing else is lost', async () => {
    const executor = newPool();
    const future = executor.submit(collect);
    future.send(1);
    expect(() => future.send(Promise.resolve())).toThrow(/cannot send/);
    future.send('stop');
    expect(await future).toEqual([1]);
  });

  test('are answered with progress, there and back many times', async () => {
    const executor = newPool();
    const future = executor.submit(async () => {
      let total = 0;
      for await (const value of taskMessages<number>()) {
        if (value < 0) break;
        total += value;
        reportProgress(total);
      }
      return total;
    });
    const heard: unknown[] = [];
    future.onProgress((total) => {
      heard.push(total);
      future.send(heard.length < 50 ? heard.length : -1);
    });
    future.send(0);
    expect(await future).toBe((49 * 50) / 2);
    expect(heard).toHaveLength(50);
  });

  test('are shared by the iterators of a task, and those that come meanwhile are kept', async () => {
    const executor = newPool();
    const future = executor.submit(async () => {
      const seen: unknown[] = [];
      for await (const message of taskMessages()) if (seen.push(message) === 2) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
      const others = taskMessages();
      return [...seen, (await others.next()).value, (await others.next()).value];
    });
    for (const message of [1, 2, 3, 4]) future.send(message);
    expect(await future).toEqual([1, 2, 3, 4]);
  });

  test('end with the task, also for what it has left behind', async () => {
    const executor = newPool();
    await executor.submit(() => {
      void (async () => {
        for await (const _ of taskMessages());
        Object.assign(globalThis, { isOver: true });
      })();
    });
    expect(await executor.submit(() => (globalThis as { isOver?: true }).isOver)).toBe(true);
  });

  test('there are none outside of a worker', async () => {
    expect(await collect()).toEqual([]);
  });
});

describe('a task that does not read', () => {
  test('is sent no more than 1,000, and loses them at its end', async () => {
    const executor = newPool();
    const future = executor.submit(sleepFor, 500);
    for (let count = 0; count < 1000; count += 1) expect(future.send(count)).toBe(true);
    expect(() => future.send('one more')).toThrow(QueueFullError);
    expect(await future).toBe(500);
    expect(future.send('late')).toBe(false);
    const next = executor.submit(collect);
    next.send('stop');
    expect(await next).toEqual([]);
  });

  test('keeps nothing of them, round after round', async () => {
    const executor = newPool();
    for (let round = 0; round < 20; round += 1) {
      const future = executor.submit(square, round);
      for (let count = 0; count < 50; count += 1) future.send(Buffer.alloc(20_000));
      expect(await future).toBe(round * round);
    }
    const rss = await executor.submit(() => process.memoryUsage.rss());
    expect(rss).toBeLessThan(300e6);
  });
});

test('more than 1,000 messages can be sent to a task that reads', async () => {
  const executor = newPool();
  const future = executor.submit(async () => {
    let count = 0;
    for await (const message of taskMessages()) {
      if (message === 'stop') break;
      count += 1;
      if (count % 100 === 0) reportProgress(count);
    }
    return count;
  });
  let sent = 0;
  const sendMore = () => {
    for (let count = 0; count < 100; count += 1, sent += 1) future.send(sent);
  };
  sendMore();
  future.onProgress(() => (sent < 3000 ? sendMore() : void future.send('stop')));
  expect(await future).toBe(3000);
});

describe('when the worker dies', () => {
  const isolating = { maxWorkers: 1, onWorkerCrash: 'isolate', crashRetries: 1, stdio: 'ignore' } as const;

  test('what the task had not read goes with it', async () => {
    const executor = newPool(isolating);
    const pid = await executor.submit(() => process.pid);
    const future = executor.submit(async (bad: number) => {
      const messages = taskMessages();
      const first = (await messages.next()).value as unknown;
      if (process.pid === bad) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        process.exit(1);
      }
      return [first, (await messages.next()).value];
    }, pid);
    for (const message of ['read by the first', 'unread', 'unread too']) future.send(message);
    expect(await future).toEqual(['unread', 'unread too']);
  });

  test('or is killed, nothing more is sent', async () => {
    const executor = newPool(isolating);
    const future = executor.submit(collect);
    future.send(1);
    await sleepFor(50);
    expect(future.cancel({ kill: true })).toBe(true);
    expect(future.send(2)).toBe(false);
    expect((await rejectionOf(future.result())).name).toBe('CancelledError');
    expect(await executor.submit(square, 3)).toBe(9);
  });

  test('at a timeout or a shutdown, the future settles', async () => {
    const executor = newPool(isolating);
    const limited = executor.withOptions({ timeout: 100 }).submit(collect);
    limited.send(1);
    expect((await rejectionOf(limited.result())).name).toBe('TimeoutError');
    const last = executor.submit(collect);
    last.send(1);
    await executor.shutdown({ killWorkers: true });
    expect((await rejectionOf(last.result())).name).toBe('ShutdownExecutorError');
    expect(last.send(2)).toBe(false);
  });
});

test('tasks that were sent ahead get theirs as well, and no other', async () => {
  const executor = newPool();
  const answer = async (own: number) => {
    const message = own % 5 === 0 ? (await taskMessages().next()).value : own;
    return [own, message];
  };
  await Promise.all(Array.from({ length: 50 }, (_, n) => executor.submit(answer, 1 + (n % 4))));
  const futures = Array.from({ length: 300 }, (_, own) => executor.submit(answer, own));
  futures.forEach((future, own) => {
    if (own % 5 === 0) future.send(own);
  });
  expect(await Promise.all(futures)).toEqual(futures.map((_, own) => [own, own]));
});
