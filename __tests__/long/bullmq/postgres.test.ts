/** The executor and the machines over a Postgres instead of a Redis: the same promises. */
import { execFile } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createPostgresBackend, Queue } from 'bullmq';
import { CancelledError, type Future, TerminatedWorkerError, TimeoutError } from 'loky';
import { BullMQExecutor, type BullMQExecutorOptions, observeQueue, serveTasks } from 'loky/bullmq';
import pg from 'pg';
import { waitUntil, waitUntilGone } from '../../helpers/processes.ts';
import { launchMachine, type Machine, startMachine } from './machines.ts';
import * as tasks from './programs/tasks.js';
import { describeWithPostgres } from './with-postgres.ts';
import { newQueue } from './with-redis.ts';

describeWithPostgres('on Postgres', (postgres) => {
  const place = (queue: string) => ({
    queue,
    connection: postgres().connection,
    backend: createPostgresBackend,
    tasks: tasks.tasks,
  });
  const open = (queue: string, options: Partial<BullMQExecutorOptions> = {}): BullMQExecutor =>
    new BullMQExecutor({ ...place(queue), checkInterval: 500, ...options });
  const start = (queue: string, options: object = {}, env: Record<string, string> = {}): Promise<Machine> =>
    startMachine({ queue, connection: postgres().connection, onPostgres: true, ...options }, env);

  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'loky-on-postgres-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** What tasks have written, line by line. */
  const written = (file: string): string[] => readFileSync(file, 'utf8').split('\n').slice(0, -1);
  const newFile = (): string => {
    const file = join(folder, `file-${Math.random()}`);
    appendFileSync(file, '');
    return file;
  };

  describe('one machine', () => {
    const queue = newQueue();
    let machine: Machine;
    let executor: BullMQExecutor;
    beforeAll(async () => {
      machine = await start(queue, { maxWorkers: 2 });
      executor = open(queue);
    });
    afterAll(async () => {
      await executor.shutdown();
      await machine.kill('SIGTERM');
    });

    test('values travel as they are, also those that its JSON does not take', async () => {
      const value = { map: new Map([[1, new Date(5)]]), big: 10n, nothing: undefined };
      expect(await executor.submit(tasks.echo, value)).toEqual(value);
      expect(await executor.submit(tasks.echo, 'a\0b\ud800')).toBe('a\0b\ud800');
      expect(await executor.submit(tasks.grow, 100_000)).toHaveLength(100_000);
    });

    test('the error of a task arrives whole', async () => {
      const error = await executor.submit(tasks.fail, 'too\0far').exception();
      expect(error).toMatchObject({ name: 'RangeError', message: 'too\0far', detail: { code: 7 } });
    });

    test('map, progress, crash and time limit', async () => {
      expect(await executor.map(tasks.square, [1, 2, 3], { chunkSize: 2 }).toArray()).toEqual([1, 4, 9]);
      const reports: unknown[] = [];
      const future = executor.submit(tasks.steps, 2, 7);
      future.onProgress((report) => reports.push(report));
      await future;
      expect(reports).toEqual([{ step: 1, of: 2, value: 7 }, { step: 2, of: 2, value: 7 }, 'done']);
      expect(await executor.submit(tasks.crash).exception()).toBeInstanceOf(TerminatedWorkerError);
      const brief = executor.withOptions({ timeout: 300 });
      expect(await brief.submit(tasks.sleep, 60_000).exception()).toBeInstanceOf(TimeoutError);
    });

    test('a task that runs is ended, with its process', async () => {
      const file = newFile();
      const future = executor.submit(tasks.hang, file);
      await waitUntil(
        () => future.running() && written(file).length > 0,
        20_000,
        () => 'the task to run',
      );
      expect(future.cancel()).toBe(false);
      expect(future.cancel({ kill: true })).toBe(true);
      await expect(future.result()).rejects.toBeInstanceOf(CancelledError);
      await waitUntilGone([Number(written(file)[0])], 20_000);
    });

    test('an observer sees the machine and what waits', async () => {
      const observer = observeQueue({
        queue,
        connection: postgres().connection,
        backend: createPostgresBackend,
      });
      const { machines } = await observer.read();
      expect(machines).toMatchObject([{ pid: machine.pid, draining: false, workers: 2 }]);
      await observer.close();
    });
  });

  test('a machine that is killed loses no job, and one that leaves hands its jobs back', async () => {
    const queue = newQueue();
    const file = newFile();
    const options = { lockDuration: 2_000, stalledInterval: 500, gracePeriod: 0 };
    const executor = open(queue);
    const killed = await start(queue, options);
    const lost = executor.submit(tasks.whoAmI);
    await lost;
    const future = executor.submit(tasks.hang, file);
    await waitUntil(
      () => written(file).length === 1,
      20_000,
      () => 'the first machine to begin',
    );
    await killed.kill('SIGKILL');
    const leaving = await start(queue, options);
    await waitUntil(
      () => written(file).length === 2,
      30_000,
      () => 'the second machine to begin',
    );
    await leaving.kill('SIGTERM');
    const last = await start(queue, options);
    await waitUntil(
      () => written(file).length === 3,
      30_000,
      () => 'the third machine to begin',
    );
    expect(future.done()).toBe(false);
    future.cancel({ kill: true });
    await executor.shutdown();
    await last.kill('SIGTERM');
  });

  test('outcomes that were not heard are found, whatever others keep', async () => {
    const queue = newQueue();
    const executor = open(queue);
    const futures = [executor.submit(tasks.echo, 1), executor.submit(tasks.fail, 'too far')] as const;
    const reader = new Queue(queue, { connection: postgres().connection }, createPostgresBackend);
    while ((await reader.getWaitingCount()) !== 2) await sleep(20);
    // The executor's place in the relay goes, as after a long outage: what is said of its jobs meanwhile is lost.
    await postgres().query('DELETE FROM bullmq.relay_node');
    const server = serveTasks(place(queue));
    await server.ready;
    const other = open(queue, { removeOnComplete: true, removeOnFail: true });
    await other.submit(tasks.noop);
    await other.submit(tasks.fail, 'no matter').exception();
    expect(await futures[0]).toBe(1);
    expect(await futures[1].exception()).toMatchObject({ name: 'RangeError', detail: { code: 7 } });
    await Promise.all([executor.shutdown(), other.shutdown(), reader.close()]);
    await server.close();
  });

  test('the example of the guide runs', async () => {
    const { host, port, user, database } = postgres().connection;
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ['examples/bullmq/on-postgres.js'],
      {
        env: {
          ...process.env,
          NODE_OPTIONS: '',
          POSTGRES_URL: `postgres://${user}@${host}:${port}/${database}`,
        },
      },
    );
    expect({ stdout, stderr }).toEqual({ stdout: 'ca978112\n', stderr: '' });
  });

  test('a restart is an outage: what was submitted meanwhile runs', async () => {
    const queue = newQueue();
    const server = serveTasks(place(queue));
    await server.ready;
    const executor = open(queue);
    expect(await executor.submit(tasks.add, 1, 2)).toBe(3);
    await postgres().stop();
    const future = executor.submit(tasks.add, 3, 4);
    await waitUntil(
      () => !server.health().connected,
      20_000,
      () => 'the machine to notice',
    );
    expect(server.health()).toMatchObject({ ok: false, lastError: expect.any(String) });
    await sleep(1_500);
    await postgres().start();
    expect(await future).toBe(7);
    // The worker's connection can be back before the one for outcomes, which is looked at once a second.
    await waitUntil(
      () => server.health().connected,
      20_000,
      () => `the machine to be connected, not ${JSON.stringify(server.health())}`,
    );
    expect(server.health()).toMatchObject({ ok: true, lastError: undefined });
    await executor.shutdown();
    await server.close();
  });

  describe('a connection that is lost ends no process', () => {
    /** Asks until there are rows. */
    const rowsOf = async (query: string): Promise<Record<string, unknown>[]> => {
      for (;;) {
        const rows = await postgres().query(query);
        if (rows.length > 0) return rows;
        await sleep(20);
      }
    };

    test('while BullMQ checks the schema', async () => {
      const locking = new pg.Client(postgres().connection);
      await locking.connect();
      await locking.query('BEGIN; LOCK TABLE bullmq.migration IN ACCESS EXCLUSIVE MODE');
      const machine = launchMachine({
        queue: newQueue(),
        connection: postgres().connection,
        onPostgres: true,
      });
      const [checking] = await rowsOf(
        `SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%migration%'`,
      );
      process.kill(machine.pid, 'SIGSTOP'); // it reads the answer and the end of the connection at once
      await locking.end();
      await rowsOf(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = ${checking?.['pid']} AND state = 'idle'`,
      );
      await rowsOf(`SELECT WHERE NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = ${checking?.['pid']})`);
      process.kill(machine.pid, 'SIGCONT');
      await machine.says('ready');
      await machine.kill('SIGTERM');
      expect(machine.said).toContain('left');
    });

    test('while it is closed', async () => {
      const executor = open(newQueue());
      await executor.enqueue(tasks.noop);
      const connections = `FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`;
      const [listening] = await rowsOf(`SELECT pid ${connections} AND query LIKE '%LISTEN bullmq_relay%'`);
      const pid = Number(listening?.['pid']);
      process.kill(pid, 'SIGSTOP'); // it says that it was ended when the executor has left it
      try {
        await postgres().query(`SELECT pg_terminate_backend(${pid})`);
        await executor.shutdown();
        await rowsOf(`SELECT WHERE NOT EXISTS (SELECT ${connections} AND pid <> ${pid})`);
      } finally {
        process.kill(pid, 'SIGCONT');
      }
      await rowsOf(`SELECT WHERE NOT EXISTS (SELECT ${connections})`);
    });
  });

  describe('what Postgres does not do because it restarts', () => {
    /** While it answers so to changes of a table. */
    const during = async (table: string, when: string, run: () => Promise<void>): Promise<void> => {
      await postgres().query(`
        CREATE OR REPLACE FUNCTION restarting() RETURNS trigger LANGUAGE plpgsql AS
          $$ BEGIN RAISE EXCEPTION 'terminating connection' USING ERRCODE = '57P01'; END $$;
        CREATE TRIGGER restarting BEFORE INSERT OR UPDATE ON bullmq.${table}
          FOR EACH ROW WHEN (${when}) EXECUTE FUNCTION restarting()`);
      await run();
      await postgres().query(`DROP TRIGGER restarting ON bullmq.${table}`);
    };

    test('it is asked for again: to store jobs, and to keep the outcomes of those that fail', async () => {
      const queue = newQueue();
      const executor = open(queue);
      let futures: Future<unknown>[] = [];
      await during('job', `NEW.state = 'waiting'`, async () => {
        futures = [executor.submit(tasks.add, 1, 2), executor.submit(tasks.fail, 'too far')];
        await sleep(1_000);
      });
      await executor.flush();
      const server = serveTasks(place(queue));
      await during('relay_retained', `NEW.topic LIKE 'outcomes.%'`, async () => {
        await server.ready;
        await sleep(1_000);
        expect(futures.map((future) => future.done())).toEqual([false, false]);
      });
      expect(await futures[0]).toBe(3);
      expect(await futures[1]?.exception()).toMatchObject({ name: 'RangeError' });
      await executor.shutdown();
      await server.close();
    });

    test('a job that is done stays done when it cannot be moved', async () => {
      const queue = newQueue();
      const executor = open(queue);
      const server = serveTasks(place(queue));
      const reader = new Queue(queue, { connection: postgres().connection }, createPostgresBackend);
      await during('job', `NEW.state = 'completed'`, async () => {
        await server.ready;
        const { id } = await executor.enqueue(tasks.add, 1, 2);
        while ((await reader.getFailedCount()) === 0) await sleep(20);
        expect(await executor.result(id)).toBe(3);
      });
      await Promise.all([executor.shutdown(), reader.close()]);
      await server.close();
    });
  });

  test('who is not let in, and who has no schema, fails at once with the way out', async () => {
    const { connection } = postgres();
    const refused = async (given: object): Promise<unknown> => {
      const executor = open(newQueue(), { connection: { ...connection, ...given } });
      const error = await executor.submit(tasks.noop).exception();
      await executor.shutdown();
      return error;
    };
    expect(await refused({ database: 'none' })).toMatchObject({
      name: 'QueueUnavailableError',
      message: expect.stringMatching(/Postgres at 127\.0\.0\.1:\d+ does not let this program in.*"none"/),
    });
    expect(await refused({ schema: 'other' })).toMatchObject({
      name: 'QueueUnavailableError',
      message: expect.stringMatching(/runMigrations of bullmq/),
    });
  });

  test('nobody answers: the executor fails in time, and a machine that waits serves when the engine is there', async () => {
    const executor = open(newQueue(), {
      connection: { ...postgres().connection, port: 1 },
      connectTimeout: 1_000,
    });
    expect(await executor.submit(tasks.noop).exception()).toMatchObject({
      message: expect.stringMatching(/could not be reached for 1000 ms: connect ECONNREFUSED/),
    });
    await executor.shutdown();
    await postgres().stop();
    const queue = newQueue();
    const server = serveTasks(place(queue));
    await sleep(1_000);
    await postgres().start();
    await server.ready;
    const late = open(queue);
    expect(await late.submit(tasks.add, 1, 1)).toBe(2);
    await late.shutdown();
    await server.close();
  });
});
