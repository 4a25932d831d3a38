/** What becomes of a task whose time in the queue is over while the engine is lost and found. */
import { beforeEach, expect, test } from '@jest/globals';
import type { JobState } from '../../lib/bullmq/job-reader.ts';
import { QueueDeadlines } from '../../lib/bullmq/queue-deadlines.ts';
import type { RemoteLink } from '../../lib/bullmq/remote-link.ts';
import type { RemoteTask } from '../../lib/bullmq/remote-task.ts';
import { waitUntil } from '../helpers/processes.ts';

const task = { id: '1', state: 'sent', isSettled: false, isFetching: false } as RemoteTask;
const lost = (): never => {
  throw new Error('Connection is closed.');
};

let jobState: JobState;
let remove: () => number | Promise<number>;
let reads: number;
let heard: string[];
let deadlines: QueueDeadlines;

beforeEach(() => {
  jobState = { kind: 'waiting' } as JobState;
  remove = () => 1;
  reads = 0;
  heard = [];
  const link = {
    isReady: true,
    readJobs: async () => {
      reads += 1;
      return [jobState];
    },
    queue: { remove: async () => remove() },
  } as unknown as RemoteLink;
  deadlines = new QueueDeadlines(link, 10, {
    onTaken: () => heard.push('taken'),
    onBegun: () => heard.push('begun'),
    onJobState: (_, { kind }) => heard.push(kind),
  });
});

const isHeard = () =>
  waitUntil(
    () => heard.length > 0,
    5_000,
    () => 'the end of the task',
  );

test('a connection that is lost under the question, and is back before that is known: it is asked again', async () => {
  remove = () => {
    remove = () => 1;
    return lost();
  };
  await deadlines.expire(task);
  expect(heard).toEqual([]);
  await isHeard();
  expect(heard).toEqual(['taken']);
});

test('a job that was removed by an order without an answer was taken', async () => {
  remove = () => {
    jobState = { kind: 'missing' } as JobState;
    return lost();
  };
  await deadlines.expire(task);
  await isHeard();
  expect(heard).toEqual(['taken']);
});

test('one that was gone before is not', async () => {
  jobState = { kind: 'missing' } as JobState;
  await deadlines.expire(task);
  expect(heard).toEqual(['begun']);
});

test('an answer counts however late it comes', async () => {
  let answer = (_: number): void => {};
  remove = () =>
    new Promise((resolve) => {
      answer = resolve;
    });
  const expiring = deadlines.expire(task);
  await waitUntil(() => reads === 1, 5_000);
  deadlines.resume(); // the engine is back: the job is not asked for twice
  expect(reads).toBe(1);
  answer(1);
  await expiring;
  expect(heard).toEqual(['taken']);
});

test('nothing is asked once they are closed', async () => {
  remove = lost;
  await deadlines.expire(task);
  const before = reads;
  deadlines.close();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(reads).toBe(before);
});
