/** The job that a processor's task gets in its worker process. */
import { setFlagsFromString } from 'node:v8';
import { expect, test } from '@jest/globals';
import { jobInWorker, type SentJob } from '../../lib/bullmq/processor-job.ts';

/** As it arrives in the worker. */
function sentJob(id: string): SentJob {
  const job = { id, name: 'resize', data: { width: 1 }, progress: 0, attemptsMade: 0, opts: {} };
  return JSON.parse(JSON.stringify({ job, token: 'token', address: { path: '/', secret: '', run: 1 } }));
}

function haveOneHiddenClass(one: object, other: object): boolean {
  setFlagsFromString('--allow-natives-syntax');
  try {
    return new Function('one', 'other', 'return %HaveSameMap(one, other)')(one, other) as boolean;
  } finally {
    setFlagsFromString('--no-allow-natives-syntax');
  }
}

test('jobs of one kind share a hidden class: one of its own for each job costs more than all else in the worker', () => {
  for (let warm = 0; warm < 10; warm += 1) jobInWorker(sentJob(`warm ${warm}`));
  const [one, other] = [jobInWorker(sentJob('1')).job, jobInWorker(sentJob('2')).job];
  expect(haveOneHiddenClass(one, other)).toBe(true);
  expect(one).toMatchObject({ id: '1', data: { width: 1 } });
  expect(one.log).toBeInstanceOf(Function);
});
