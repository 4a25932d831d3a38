/** What operators see: figures of machines and submitters, heartbeats, the depth of the queue, and a machine that is lost. */
import { mkdtempSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Queue } from 'bullmq';
import { ProcessPoolExecutor } from 'loky';
import { BullMQExecutor, type BullMQExecutorOptions, observeQueue, serveTasks } from 'loky/bullmq';
import { collectMetrics } from 'loky/metrics';
import { Registry } from 'prom-client';
import { waitUntil } from '../../helpers/processes.ts';
import { startMachine } from './machines.ts';
import * as tasks from './programs/tasks.js';
import { describeWithRedis, newQueue } from './with-redis.ts';

const codeOf = (options: unknown): unknown => (options as { code?: unknown } | undefined)?.code;

describeWithRedis('operating a queue', (redis) => {
  let pool: ProcessPoolExecutor;
  let folder = '';
  beforeAll(() => {
    pool = new ProcessPoolExecutor({ maxWorkers: 2, onWorkerCrash: 'isolate' });
    folder = mkdtempSync(join(tmpdir(), 'loky-operating-'));
  });
  afterAll(async () => {
    await pool.shutdown();
    rmSync(folder, { recursive: true, force: true });
  });

  const open = (queue: string, options: Partial<BullMQExecutorOptions> = {}): BullMQExecutor =>
    new BullMQExecutor({ queue, connection: redis().connection, tasks: tasks.tasks, ...options });
  const serve = (queue: string) =>
    serveTasks({
      ...{ queue, connection: redis().connection, tasks: tasks.tasks, executor: pool, leaveOn: [] },
      lockDuration: 120_000, // a test runner on a busy machine may not turn its event loop for longer than the default
    });

  test('a machine counts its jobs, says how it is, and is seen until it leaves', async () => {
    const queue = newQueue();
    const server = serve(queue);
    expect(server.health()).toMatchObject({ ok: false, connected: false, lastFetch: undefined });
    await server.ready;
    const executor = open(queue, { crashRetries: 1 });
    await executor.submit(tasks.add, 1, 2);
    await executor.submit(tasks.fail, 'wrong').exception();
    expect(await executor.submit(tasks.crashUntilAttempt, 2)).toBe(2);
    expect(server.stats()).toMatchObject({
      ...{ active: 0, workers: 2, draining: false, lockFailures: 0 },
      jobs: { started: 4, done: 2, failed: 1, retried: 1, handedBack: 0, refused: 0, superseded: 0 },
      pool: { finished: 3 },
    });
    const { lastFetch, lastHeartbeat, ...health } = server.health();
    expect(health).toEqual({
      ok: true,
      connected: true,
      draining: false,
      lockFailures: 0,
      lastError: undefined,
    });
    expect(Date.now() - (lastFetch ?? 0)).toBeLessThan(60_000);
    expect(Date.now() - (lastHeartbeat ?? 0)).toBeLessThan(60_000);
    expect(executor.stats()).toMatchObject({
      ...{ connected: true, submitted: 3, unsent: 0, waiting: 0, running: 0, machinesLost: 0 },
      outcomes: { succeeded: 2, failed: 1, cancelled: 0 },
    });

    const observer = observeQueue({ queue, connection: redis().connection });
    expect((await observer.read()).machines).toEqual([
      expect.objectContaining({
        ...{ id: server.machineId, host: hostname(), pid: process.pid, node: process.version, workers: 2 },
        ...{
          draining: false,
          protocol: expect.any(Number),
          tasksVersion: null,
          bullmq: expect.stringMatching(/^\d/),
        },
        tasks: expect.arrayContaining(['add', 'fail']),
      }),
    ]);
    await server.close();
    expect(server.health()).toMatchObject({ ok: false, draining: true });
    expect((await observer.read()).machines).toEqual([]);
    await observer.close();
    await executor.shutdown();
  });

  test('the depth counts what KEDA does not see in the list: prioritized and delayed jobs', async () => {
    const name = newQueue();
    const queue = new Queue(name, { connection: redis().connection });
    const observer = observeQueue({ queue: name, connection: redis().connection });
    expect(await observer.read()).toMatchObject({ machines: [], jobs: { backlog: 0 }, oldest: undefined });
    await queue.add('low', {}, { priority: 7, timestamp: Date.now() - 5_000, jobId: 'first' });
    await queue.add('plain', {});
    await queue.add('later', {}, { delay: 3_600_000, timestamp: Date.now() - 9_000 });
    const { jobs, oldest } = await observer.read();
    expect(jobs).toMatchObject({ waiting: 1, prioritized: 1, delayed: 1, active: 0, failed: 0, backlog: 3 });
    expect(oldest).toMatchObject({ id: 'first', name: 'low' });
    expect(oldest?.age).toBeGreaterThanOrEqual(5_000);
    await Promise.all([observer.close(), queue.close()]);
  });

  test('an observer fails in time where nobody answers, and at once with a wrong password', async () => {
    const nobody = observeQueue({ queue: 'q', connection: { host: '127.0.0.1', port: 1 }, timeout: 500 });
    await expect(nobody.read()).rejects.toThrow(/Redis at 127\.0\.0\.1:1 gave no figures of the queue q/);
    await nobody.close();
    const connection = { ...redis().connection, username: 'nobody', password: 'wrong' };
    const refused = observeQueue({ queue: 'q', connection, timeout: 3_600_000 });
    await expect(refused.read()).rejects.toThrow(/WRONGPASS/);
    await refused.close();
    expect(() => observeQueue({ queue: 'q' } as never)).toThrow(/connection is missing/);
  });

  test('a user with the least rights that the guide names can submit, serve and observe', async () => {
    const queue = newQueue();
    await redis().command(
      ...['ACL', 'SETUSER', 'least', 'on', '>secret', `~bull:${queue}:*`, `&bull:${queue}:*`],
      ...['+@all', '-@dangerous', '+info'],
    );
    const connection = { ...redis().connection, username: 'least', password: 'secret' };
    const server = serveTasks({ queue, connection, tasks: tasks.tasks, executor: pool, leaveOn: [] });
    await server.ready;
    const executor = open(queue, { connection });
    expect(await executor.submit(tasks.add, 1, 2)).toBe(3);
    const observer = observeQueue({ queue, connection });
    expect((await observer.read()).machines).toHaveLength(1);
    const elsewhere = observeQueue({ queue: `${queue}x`, connection });
    await expect(elsewhere.read()).rejects.toThrow(/NOPERM.*ACL SETUSER/);
    await Promise.all([executor.shutdown(), observer.close(), elsewhere.close()]);
    await server.close();
  });

  test('a machine that dies under tasks does not do so in silence', async () => {
    const queue = newQueue();
    const machine = await startMachine({ queue, connection: redis().connection, lockDuration: 1_000 });
    const executor = open(queue, { checkInterval: 200 });
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const future = executor.submit(tasks.hang, join(folder, 'hang'));
    await waitUntil(
      () => future.running(),
      20_000,
      () => 'the task to run',
    );
    await machine.kill('SIGKILL');
    await waitUntil(
      () => executor.stats().machinesLost === 1,
      20_000,
      () => 'the warning',
    );
    const lost = warn.mock.calls.filter(([, options]) => codeOf(options) === 'LOKY_MACHINE_LOST');
    expect(lost.map(([message]) => message)).toEqual([
      expect.stringMatching(`process ${machine.pid}\\) fell silent while it ran 1 tasks .*${queue}`),
    ]);
    warn.mockRestore();
    future.cancel({ kill: true });
    await executor.shutdown();
    expect(executor.stats()).toMatchObject({ outcomes: { succeeded: 0, failed: 0, cancelled: 1 } });
  });

  test('their figures are metrics', async () => {
    const queue = newQueue();
    const server = serve(queue);
    await server.ready;
    const executor = open(queue);
    await executor.submit(tasks.add, 1, 2);
    const registry = new Registry();
    const collected = [
      collectMetrics(server, { registry, name: 'here' }),
      collectMetrics(executor, { registry, name: 'web' }),
      collectMetrics(pool, { registry, name: 'pool' }),
    ];
    const text = await registry.metrics();
    expect(text).toContain('loky_machine_jobs_total{machine="here",event="done"} 1');
    expect(text).toContain('loky_machine_workers{machine="here"} 2');
    expect(text).toMatch(/loky_machine_last_fetch_timestamp_seconds\{machine="here"\} \d{10}/);
    expect(text).toContain('loky_submitter_tasks_total{submitter="web",outcome="succeeded"} 1');
    expect(text).toContain('loky_submitter_tasks{submitter="web",state="running"} 0');
    expect(text).toContain('loky_submitter_connected{submitter="web"} 1');
    expect(text).toContain('loky_workers{executor="pool",state="idle"}');
    expect(() => collectMetrics(server, { registry, name: 'here' })).toThrow(
      /has a machine named "here" already/,
    );
    for (const each of collected) each.dispose();
    expect(registry.getMetricsAsArray()).toEqual([]);
    await executor.shutdown();
    await server.close();
  });
});
