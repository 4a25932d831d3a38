/** What becomes of requests, such as that for a task whose time in the queue is over, while the engine is lost and found. */
import { beforeEach, expect, test } from '@jest/globals';
import type { JobState } from '../../lib/bullmq/job-reader.ts';
import { type TakenFromQueue, takingFromQueue } from '../../lib/bullmq/queue-timeout.ts';
import type { RemoteLink } from '../../lib/bullmq/remote-link.ts';
import type { RemoteTask } from '../../lib/bullmq/remote-task.ts';
import { RetriedRequests } from '../../lib/bullmq/retried-requests.ts';
import { waitUntil } from '../helpers/processes.ts';

const lost = (): never => {
  throw new Error('Connection is closed.');
};

let jobState: JobState;
let remove: () => number | Promise<number>;
let reads: number;
let heard: string[];
let task: RemoteTask;
let link: RemoteLink;
let requests: RetriedRequests<string, TakenFromQueue>;

beforeEach(() => {
  jobState = { kind: 'waiting' } as JobState;
  remove = () => 1;
  reads = 0;
  heard = [];
  task = { id: '1', state: 'sent' } as RemoteTask;
  link = {
    isReady: true,
    readJobs: async () => {
      reads += 1;
      return [jobState];
    },
    queue: { remove: async () => remove() },
  } as unknown as RemoteLink;
  requests = new RetriedRequests(link, 10, (_, end) => heard.push(typeof end === 'string' ? end : end.kind));
});

async function expire(): Promise<void> {
  requests.add('1', takingFromQueue(link, task));
  await waitUntil(() => reads > 0, 5_000);
  await new Promise((resolve) => setImmediate(resolve));
}

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
  await expire();
  expect(heard).toEqual([]);
  await isHeard();
  expect(heard).toEqual(['taken']);
});

test('a job that was removed by an order without an answer was taken', async () => {
  remove = () => {
    jobState = { kind: 'missing' } as JobState;
    return lost();
  };
  await expire();
  await isHeard();
  expect(heard).toEqual(['taken']);
});

test('one that was gone before is not', async () => {
  jobState = { kind: 'missing' } as JobState;
  await expire();
  await isHeard();
  expect(heard).toEqual(['begun']);
});

test('an answer counts however late it comes', async () => {
  let answer = (_: number): void => {};
  remove = () =>
    new Promise((resolve) => {
      answer = resolve;
    });
  await expire();
  requests.resume(); // the engine is back: the job is not asked for twice
  expect(reads).toBe(1);
  answer(1);
  await isHeard();
  expect(heard).toEqual(['taken']);
});

test('nothing is asked once they are closed', async () => {
  remove = lost;
  await expire();
  const before = reads;
  requests.close();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(reads).toBe(before);
});

test('a job that is on its way is not asked for until it is in the queue', async () => {
  task.state = 'unsent';
  requests.add('1', takingFromQueue(link, task));
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(reads).toBe(0);
  task.state = 'sent';
  await isHeard();
  expect(heard).toEqual(['taken']);
});

test('nothing is asked while the engine is away, nor for what was forgotten', async () => {
  Object.assign(link, { isReady: false });
  requests.add('1', takingFromQueue(link, task));
  requests.forget('1');
  Object.assign(link, { isReady: true });
  requests.resume();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(reads).toBe(0);
  expect(requests.size).toBe(0);
});
