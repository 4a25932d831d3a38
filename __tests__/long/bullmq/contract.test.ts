/** processor() does what BullMQ's own sandboxed processor does: the same file under both, and the same outcome. */
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { type FlowJob, FlowProducer, type Job, Queue, QueueEvents, Worker, type WorkerOptions } from 'bullmq';
import { processor } from 'loky/bullmq';
import { describeWithRedis, newQueue } from './with-redis.ts';

const file = fileURLToPath(new URL('./programs/contract.js', import.meta.url));

describeWithRedis('the contract of sandboxed processors', (redis) => {
  async function under(
    kind: 'sandbox' | 'processor',
    run: (bench: Bench) => Promise<void>,
    options: Partial<WorkerOptions> = {},
  ): Promise<void> {
    const name = newQueue();
    const { connection } = redis();
    const inPool = processor(file, { maxWorkers: 1 });
    const worker = new Worker(name, kind === 'sandbox' ? file : inPool, {
      ...{ connection, drainDelay: 1 },
      ...options,
    });
    const [queue, events] = [new Queue(name, { connection }), new QueueEvents(name, { connection })];
    const flows = new FlowProducer({ connection });
    await events.waitUntilReady();
    try {
      await run({ queue, flows, outcome: (job) => job.waitUntilFinished(events, 20_000) });
    } finally {
      await worker.close();
      await inPool.close();
      await Promise.all([queue.close(), events.close(), flows.close()]);
    }
  }

  interface Bench {
    readonly queue: Queue;
    readonly flows: FlowProducer;
    outcome(job: Job): Promise<unknown>;
  }

  describe.each(['sandbox', 'processor'] as const)('%s', (kind) => {
    test('a flow: a parent reads of its children, of their failures and their number', async () => {
      await under(kind, async ({ queue, flows, outcome }) => {
        const child = (name: string, n: number) => ({
          ...{ name, queueName: queue.name, data: { n } },
          opts: { ignoreDependencyOnFailure: true },
        });
        const { job } = await flows.add({
          ...{ name: 'sum', queueName: queue.name, data: {} },
          children: [child('child', 20), child('child', 22), child('ignored', 0)],
        });
        expect(await outcome(job)).toEqual({
          ...{ sum: 42, failures: ['a child that may fail'], processed: 2, failed: 0, known: 2 },
        });
      });
    });

    test('steps: a job that moves itself goes on where it left off', async () => {
      await under(kind, async ({ queue, outcome }) => {
        for (const name of ['delayed', 'waiting']) {
          expect(await outcome(await queue.add(name, { step: 1 }))).toEqual({ step: 2, attempt: 2 });
        }
        expect(await outcome(await queue.add('childless', {}))).toBe('no children');
      });
    });

    test('a tree of jobs: each level reads of the one below', async () => {
      await under(kind, async ({ queue, flows, outcome }) => {
        const leaf = (n: number) => ({ name: 'child', queueName: queue.name, data: { n } });
        const level = (...children: object[]) => ({ name: 'sum', queueName: queue.name, data: {}, children });
        const { job } = await flows.add({
          ...level(level(leaf(1), leaf(2)), leaf(4)),
          name: 'keys',
        } as FlowJob);
        expect(await outcome(job)).toEqual([4, { sum: 3, failures: [], processed: 2, failed: 0, known: 2 }]);
      });
    });

    test('a job that adds its children itself waits for them', async () => {
      await under(kind, async ({ queue, outcome }) => {
        expect(await outcome(await queue.add('parent', { connection: redis().connection }))).toBe(6);
      });
    });

    test('a rate limit of the worker', async () => {
      const limiter = { max: 2, duration: 500 };
      await under(
        kind,
        async ({ queue, outcome }) => {
          const jobs = await queue.addBulk(
            Array.from({ length: 5 }, (_, n) => ({ name: 'child', data: { n } })),
          );
          expect(await Promise.all(jobs.map(outcome))).toEqual([0, 1, 2, 3, 4]);
          const begun = (await queue.getCompleted()).map(({ processedOn = 0 }) => processedOn).sort();
          const since = begun.map((time) => time - (begun[0] as number));
          expect(since[2]).toBeGreaterThan(400);
          expect(since[4]).toBeGreaterThan(800);
        },
        { limiter, concurrency: 2 },
      );
    });

    test('a rate limit that the job itself says', async () => {
      await under(
        kind,
        async ({ queue, outcome }) => {
          const startedAt = performance.now();
          const { connection } = redis();
          expect(await outcome(await queue.add('limited', { connection }))).toEqual({ step: 2, made: 0 });
          expect(performance.now() - startedAt).toBeGreaterThan(300);
        },
        { limiter: { max: 100, duration: 1_000 } },
      );
    });

    test('what nobody waits for arrives all the same, and what is thrown has a message', async () => {
      await under(kind, async ({ queue, outcome }) => {
        const job = await queue.add('logs', { a: 1 });
        const key = `bull:${queue.name}`;
        expect(await outcome(job)).toEqual({ data: { a: 1 }, progress: 50, key, parent: null });
        while ((await queue.getJobLogs(String(job.id))).count < 300);
        expect((await queue.getJobLogs(String(job.id), 0, 1)).logs).toEqual(['row 0', 'row 1']);
        await expect(outcome(await queue.add('bare', {}))).rejects.toThrow('no error');
        expect(await outcome(await queue.add('signal', {}))).toEqual({ isAborted: false });
      });
    });
  });

  test('a call that BullMQ refuses is an error of the task', async () => {
    await under('processor', async ({ queue, outcome }) => {
      await expect(outcome(await queue.add('wrong', {}))).rejects.toThrow(/lock/i);
    });
  });
});
