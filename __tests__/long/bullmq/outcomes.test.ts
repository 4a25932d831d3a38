/** An executor that has missed what was said of its jobs finds the outcomes, whatever others keep of theirs. */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, jest, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { BullMQExecutor, type BullMQExecutorOptions } from 'loky/bullmq';
import { startMachine } from './machines.ts';
import * as tasks from './programs/tasks.js';
import { describeWithRedis, newQueue } from './with-redis.ts';

/** Over a socket of its own: ioredis takes commands that come together with the answer to MONITOR for answers. */
async function monitorOf({ host, port }: { host: string; port: number }) {
  const socket = connect(port, host).setEncoding('utf8');
  let text = '';
  socket.on('data', (part: string) => {
    text += part;
  });
  socket.write('MONITOR\r\n');
  while (!text.startsWith('+OK')) await sleep(2);
  return {
    commands: () =>
      text
        .split('\r\n')
        .map((line) => [...line.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, word = '']) => word)),
    end: () => socket.destroy(),
  };
}

describeWithRedis('outcomes', (redis) => {
  const open = (queue: string, options: Partial<BullMQExecutorOptions> = {}): BullMQExecutor =>
    new BullMQExecutor({
      ...{ queue, connection: redis().connection, tasks: tasks.tasks, checkInterval: 3_600_000 },
      ...options,
    });

  /** An executor that can be made deaf, and to look for what it has missed. */
  async function openDeaf(queue: string, options: Partial<BullMQExecutorOptions> = {}) {
    const connection = new Redis({ ...redis().connection, lazyConnect: true });
    const connections = jest.spyOn(connection, 'duplicate');
    const executor = open(queue, { connection, ...options });
    const subscriber = connections.mock.results[1]?.value as Redis;
    return {
      executor,
      deafen: () => subscriber.unsubscribe(),
      look: () => subscriber.disconnect(true),
    };
  }

  const kept = (queue: string): Promise<string> =>
    redis().command('--scan', '--pattern', `bull:${queue}:loky:outcomes:*`);

  test.each([
    [{}, { age: 3_600, count: 1 }],
    [{}, { age: 0 }],
    [{ removeOnComplete: true, removeOnFail: true }, true],
  ])('with %j beside a submitter that keeps %j', async (own, others) => {
    const queue = newQueue();
    const { executor, deafen, look } = await openDeaf(queue, own);
    const futures = [executor.submit(tasks.echo, 1), executor.submit(tasks.grow, 100_000)] as const;
    const failing = executor.submit(tasks.fail, 'too far');
    while ((await redis().command('llen', `bull:${queue}:wait`)) !== '3') await sleep(10);
    await deafen();
    const machine = await startMachine({ queue, connection: redis().connection, maxWorkers: 1 });
    const other = open(queue, { removeOnComplete: others, removeOnFail: others });
    for (let n = 0; n < 3; n += 1) await other.submit(tasks.fail, 'no matter').exception();
    for (let n = 0; n < 3; n += 1) await other.submit(tasks.noop);
    expect(executor.pendingCount).toBe(3);
    look();
    expect(await futures[0]).toBe(1);
    expect(await futures[1]).toHaveLength(100_000);
    expect(await failing.exception()).toMatchObject({ name: 'RangeError', detail: { code: 7 } });
    await Promise.all([other.shutdown(), executor.shutdown()]);
    expect(await kept(queue)).toBe('');
    await machine.kill('SIGTERM');
  });

  test('are written before their jobs are moved: whoever sees a job done finds its outcome', async () => {
    const queue = newQueue();
    const machine = await startMachine({ queue, connection: redis().connection, maxWorkers: 1 });
    const executor = open(queue);
    await executor.submit(tasks.noop);
    const { executorId } = executor.stats();
    const monitor = await monitorOf(redis().connection);
    await executor.submit(tasks.echo, 1);
    await executor.submit(tasks.fail, 'too far').exception();
    await executor.shutdown(); // its last command is seen after all others
    const removed = `bull:${queue}:loky:outcomes:`;
    while (!monitor.commands().some(([name, key]) => name === 'unlink' && key?.startsWith(removed)))
      await sleep(10);
    monitor.end();
    const steps = monitor.commands().flatMap(([name, ...args]) => {
      if (name === 'hset' && args[0]?.startsWith(`bull:${queue}:loky:outcomes:`)) return ['kept'];
      const moves = ['completed', 'failed'].some((state) => args.includes(`bull:${queue}:${state}`));
      const isOfJob = args.some((arg) => arg.startsWith(`bull:${queue}:${executorId}-`));
      return name === 'evalsha' && moves && isOfJob ? ['moved'] : [];
    });
    expect(steps).toEqual(['kept', 'moved', 'kept', 'moved']);
    await machine.kill('SIGTERM');
  });

  test('are kept for as long as the executor says, and no longer than it needs them', async () => {
    const queue = newQueue();
    const { executor, deafen, look } = await openDeaf(queue, { keepOutcomes: 90_000 });
    const future = executor.submit(tasks.echo, 1);
    while ((await redis().command('llen', `bull:${queue}:wait`)) !== '1') await sleep(10);
    await deafen();
    const machine = await startMachine({ queue, connection: redis().connection });
    while ((await kept(queue)) === '') await sleep(10);
    expect(Number(await redis().command('ttl', await kept(queue)))).toBeGreaterThan(80);
    look();
    expect(await future).toBe(1);
    while ((await kept(queue)) !== '') await sleep(10);
    await executor.shutdown();
    await machine.kill('SIGTERM');
  });
});
