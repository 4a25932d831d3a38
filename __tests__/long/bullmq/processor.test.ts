/** processor() in the place of BullMQ's sandboxed processors: what those lack. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Job, type JobsOptions, Queue, QueueEvents, Worker, type WorkerOptions } from 'bullmq';
import { ProcessPoolExecutor } from 'loky';
import { type ProcessorJob, type ProcessorOptions, processor } from 'loky/bullmq';
import { waitUntil, waitUntilGone } from '../../helpers/processes.ts';
import { describeWithRedis, newQueue } from './with-redis.ts';

const file = fileURLToPath(new URL('./programs/resize.js', import.meta.url));

describeWithRedis('processor()', (redis) => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'loky-processor-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  interface Bench {
    readonly worker: Worker;
    add(data: object, options?: JobsOptions): Promise<Job>;
    /** The job's result, or a rejection with BullMQ's words for its failure. */
    outcome(job: Job): Promise<{ width: number; attempt: number; pid: number }>;
    logOf(job: Job): Promise<string[]>;
  }

  async function withWorker(
    options: ProcessorOptions,
    run: (bench: Bench) => Promise<void>,
    workerOptions: Partial<WorkerOptions> = {},
    task: Parameters<typeof processor>[0] = file,
  ): Promise<void> {
    const name = newQueue();
    const { connection } = redis();
    const [queue, events] = [new Queue(name, { connection }), new QueueEvents(name, { connection })];
    const inPool = processor(task, { maxWorkers: 1, stdio: 'ignore', ...options });
    const worker = new Worker(name, inPool, { connection, ...workerOptions });
    await events.waitUntilReady();
    try {
      await run({
        worker,
        add: (data, jobOptions) => queue.add('resize', data, jobOptions),
        outcome: (job) => job.waitUntilFinished(events),
        logOf: async (job) => (await queue.getJobLogs(job.id as string)).logs,
      });
    } finally {
      await worker.close();
      await inPool.close();
      await Promise.all([queue.close(), events.close()]);
    }
  }

  const pids = (path: string): number[] => {
    try {
      return readFileSync(path, 'utf8').split('\n').filter(Boolean).map(Number);
    } catch {
      return [];
    }
  };

  test('runs each job in a process of its own pool', async () => {
    await withWorker({}, async ({ add, outcome }) => {
      const result = await outcome(await add({ width: 21 }));
      expect(result).toMatchObject({ width: 42, attempt: 1 });
      expect(result.pid).not.toBe(process.pid);
    });
  });

  test('runs a function in place of a file, with what it closes over', async () => {
    const factor = 3;
    const triple = (job: ProcessorJob<{ width: number }>) => ({
      width: job.data.width * factor,
      attempt: job.attemptsStarted,
      pid: process.pid,
    });
    const run = async ({ add, outcome }: Bench): Promise<void> => {
      const result = await outcome(await add({ width: 7 }));
      expect(result).toMatchObject({ width: 21, attempt: 1 });
      expect(result.pid).not.toBe(process.pid);
    };
    await withWorker({}, run, {}, triple as never);
  });

  test('a file that exports no function fails its jobs, and says what it exports', async () => {
    const run = async ({ add, outcome }: Bench): Promise<void> => {
      await expect(outcome(await add({ width: 7 }))).rejects.toThrow(
        /money\.js must export a function as its default, which gets the job, but it exports undefined/,
      );
    };
    await withWorker({}, run, {}, fileURLToPath(new URL('./programs/money.js', import.meta.url)));
  });

  test('passes on what a job says of its progress, and its log', async () => {
    await withWorker({}, async ({ add, outcome, logOf, worker }) => {
      const seen: unknown[] = [];
      worker.on('progress', (_, progress) => seen.push(progress));
      const job = await add({ width: 1, says: ['begun', 'nearly done'] });
      expect(await outcome(job)).toMatchObject({ width: 2 });
      await waitUntil(() => seen.length === 2, 10_000);
      expect(seen).toEqual([{ step: 1 }, { step: 2 }]);
      expect(await logOf(job)).toEqual(['begun', 'nearly done']);
    });
  });

  test('kills a job with its descendants at the deadline', async () => {
    await withWorker({ timeout: 1_500 }, async ({ add, outcome }) => {
      const path = join(folder, 'deadline');
      const job = await add({ hangs: path });
      await expect(outcome(job)).rejects.toThrow(/"resize\.js" ran longer than its timeout of 1500 ms/);
      expect(pids(path)).toHaveLength(2);
      await waitUntilGone(pids(path), 10_000);
      expect(await outcome(await add({ width: 1 }))).toMatchObject({ width: 2 });
    });
  });

  test('kills a job with its descendants when BullMQ aborts it', async () => {
    await withWorker({}, async ({ worker, add, outcome }) => {
      const path = join(folder, 'aborted');
      const job = await add({ hangs: path });
      await waitUntil(() => pids(path).length === 2, 15_000);
      expect(worker.cancelJob(String(job.id), 'not needed')).toBe(true);
      await expect(outcome(job)).rejects.toThrow(
        /BullMQ aborted the job, and its worker was killed: not needed/,
      );
      await waitUntilGone(pids(path), 10_000);
    });
  });

  test('kills a job with its descendants when its lock is lost', async () => {
    const run = async ({ worker, add }: Bench): Promise<void> => {
      worker.on('error', () => {}); // BullMQ tells of the lock as well
      const path = join(folder, 'lost');
      const job = await add({ hangs: path });
      await waitUntil(() => pids(path).length === 2, 15_000);
      await redis().command('set', `bull:${worker.name}:${job.id}:lock`, 'of another worker');
      await waitUntilGone(pids(path), 10_000);
    };
    await withWorker({}, run, { lockDuration: 1_000 });
  });

  test('a crash fails the job with TerminatedWorkerError, and attempts and backoff decide', async () => {
    await withWorker({}, async ({ worker, add, outcome }) => {
      const errors: string[] = [];
      worker.on('failed', (_job, error) => errors.push(error.name));
      const job = await add({ crashes: true }, { attempts: 2, backoff: 10 });
      await expect(outcome(job)).rejects.toThrow(/unexpectedly terminated/);
      await waitUntil(() => errors.length === 2, 10_000); // the queue's events may come first
      expect(errors).toEqual(['TerminatedWorkerError', 'TerminatedWorkerError']);
      expect(await outcome(await add({ width: 3 }))).toMatchObject({ width: 6 });
    });
  });

  test('the error of a job is its own', async () => {
    await withWorker({}, async ({ worker, add, outcome }) => {
      const errors: Error[] = [];
      worker.on('failed', (_job, error) => errors.push(error));
      await expect(outcome(await add({ fails: 7 }))).rejects.toThrow('no such size');
      await waitUntil(() => errors.length === 1, 10_000);
      expect(errors[0]).toMatchObject({ name: 'RangeError', size: 7 });
      expect(errors[0]?.stack).toMatch(/resize\.js/);
    });
  });

  test('processes are replaced after so many jobs', async () => {
    await withWorker({ maxTasksPerWorker: 2 }, async ({ add, outcome }) => {
      const seen = new Set<number>();
      for (let n = 0; n < 4; n += 1) seen.add((await outcome(await add({ width: n }))).pid);
      expect(seen.size).toBe(2);
    });
  });

  test('nothing stalls while a job blocks its process for longer than the lock lasts', async () => {
    await withWorker(
      {},
      async ({ worker, add, outcome }) => {
        let stalled = 0;
        worker.on('stalled', () => {
          stalled += 1;
        });
        expect(await outcome(await add({ blocks: 3_000, width: 5 }))).toMatchObject({
          width: 10,
          attempt: 1,
        });
        expect(stalled).toBe(0);
      },
      { lockDuration: 1_000, stalledInterval: 200 },
    );
  });

  test('a file that is not there, and an option that is none, are told at once', () => {
    expect(() => processor('./no-such-file.js')).toThrow(/there is none at .*no-such-file\.js/);
    expect(() => processor(file, { timout: 5 } as never)).toThrow(/unknown option timout of processor/);
    expect(() => processor(5 as never)).toThrow(/a file, its URL or a function/);
    expect(() => processor(file, { executor: {} as never })).toThrow(/must be a ProcessPoolExecutor/);
  });

  test('a pool that one crash would break is refused: every later job would fail', async () => {
    const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
    expect(() => processor(file, { executor })).toThrow(/executor must have onWorkerCrash: 'isolate'/);
    await executor.shutdown();
  });
});
