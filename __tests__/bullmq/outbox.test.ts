/** What the outbox does when the engine is lost while jobs are on their way to it. */
import { expect, test } from '@jest/globals';
import type { JobState } from '../../lib/bullmq/job-reader.ts';
import { Outbox } from '../../lib/bullmq/outbox.ts';
import type { RemoteTask } from '../../lib/bullmq/remote-task.ts';
import { waitUntil } from '../helpers/processes.ts';

class Outage extends Error {}

type Task = { id: string; state: string; request: object };
const newTask = (id: string): Task => ({
  ...{ id, state: 'unsent' },
  request: { id, name: 'task', data: {}, settings: { retries: 0, priority: 0 } },
});

/** An engine that answers as it is told, one answer for each batch. */
function open(answers: (Error | undefined)[], jobStates: Record<string, JobState['kind']>) {
  const batches: string[][] = [];
  const sent: string[] = [];
  const refused: string[] = [];
  const addBulk = async (jobs: { opts: { jobId: string } }[]): Promise<void> => {
    batches.push(jobs.map(({ opts }) => opts.jobId));
    const answer = answers.shift();
    if (answer !== undefined) throw answer;
  };
  const link = {
    isReady: true,
    queue: { addBulk },
    readJobs: async (tasks: Task[]) => tasks.map(({ id }) => ({ kind: jobStates[id] ?? 'missing' })),
    isOutage: (error: unknown) => error instanceof Outage,
  };
  const outbox = new Outbox({} as never, link as never, {
    beforeSending: () => undefined,
    onSent: (tasks) => sent.push(...tasks.map(({ id }) => id)),
    onRefused: (tasks) => refused.push(...tasks.map(({ id }) => id)),
  });
  const add = (task: Task): void => outbox.add(task as unknown as RemoteTask);
  return { outbox, add, batches, sent, refused, link };
}

test('what has not arrived is sent again, what has arrived is not', async () => {
  const { add, batches, sent, refused } = open([new Outage('lost')], { b: 'waiting', c: 'value' });
  for (const id of ['a', 'b', 'c', 'd']) add(newTask(id));
  await waitUntil(() => sent.length === 4, 5_000);
  expect(batches).toEqual([
    ['a', 'b', 'c', 'd'],
    ['a', 'd'],
  ]);
  expect(sent).toEqual(['b', 'c', 'a', 'd']);
  expect(refused).toEqual([]);
});

test('until it is known, jobs count as on their way; one that is settled meanwhile is passed on, to be withdrawn', async () => {
  const { outbox, add, batches, sent, link } = open([new Outage('lost')], {});
  const tasks = ['a', 'b'].map(newTask);
  for (const task of tasks) add(task);
  await waitUntil(() => batches.length === 1, 5_000);
  link.isReady = false;
  add(newTask('c'));
  const isSending = (task: Task | undefined): boolean => outbox.isSending(task as unknown as RemoteTask);
  expect(tasks.map(isSending)).toEqual([true, true]);
  (tasks[0] as Task).state = 'settled';
  link.isReady = true;
  outbox.flushSoon();
  await waitUntil(() => sent.length === 3, 5_000);
  expect(batches.slice(1)).toEqual([['b'], ['c']]);
  expect(sent).toEqual(['a', 'b', 'c']);
  expect(outbox.sending).toEqual([]);
});

test('what the engine refuses is not sent again', async () => {
  const { add, batches, refused } = open([new Error('no room')], {});
  add(newTask('a'));
  await waitUntil(() => refused.length === 1, 5_000);
  expect(batches).toEqual([['a']]);
});
