/** processor() does what BullMQ's own sandboxed processor does: the same file under both, and the same outcome. */
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { FlowProducer, type Job, Queue, QueueEvents, Worker } from 'bullmq';
import { processor } from 'loky/bullmq';
import { describeWithRedis, newQueue } from '../../bullmq/with-redis.ts';

const file = fileURLToPath(new URL('../../bullmq/programs/contract.js', import.meta.url));

describeWithRedis('the contract of sandboxed processors', (redis) => {
  async function under(kind: 'sandbox' | 'processor', run: (bench: Bench) => Promise<void>): Promise<void> {
    const name = newQueue();
    const { connection } = redis();
    const inPool = processor(file, { maxWorkers: 1 });
    const worker = new Worker(name, kind === 'sandbox' ? file : inPool, { connection, drainDelay: 1 });
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
