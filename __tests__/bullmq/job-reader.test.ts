import { describe, expect, test } from '@jest/globals';
import type { Redis } from 'ioredis';
import { readJobs } from '../../lib/bullmq/job-reader.ts';

type Answer = [Error | null, unknown];

/** A Redis that gives these answers, two for each job, and keeps these outcomes. */
function answering(jobs: readonly Answer[], outcomes: (string | null)[] = []): Redis {
  const answers: Answer[] = [...jobs, [null, outcomes]];
  const pipeline = { hmget: () => pipeline, exists: () => pipeline, exec: async () => answers };
  return { pipeline: () => pipeline } as unknown as Redis;
}

const places = { keyOf: (id: string) => `bull:q:${id}`, outcomesKey: 'bull:q:loky:outcomes:me' };

const finished = (value: string): Answer[] => [
  [null, ['1', value, null, '1']],
  [null, 0],
];

describe('reading what became of jobs', () => {
  test('gives a job that somebody else has written to as failed, and reads the others', async () => {
    const wrongType = new Error('WRONGTYPE Operation against a key holding the wrong kind of value');
    const answers: Answer[] = [...finished('no JSON'), [wrongType, undefined], [null, 0], ...finished('"7"')];
    const outlooks = await readJobs(answering(answers), places, ['1', '2', '3']);
    const failed = (found: string) => ({ kind: 'failed', reason: expect.stringContaining(found) });
    expect(outlooks).toEqual([
      failed('its result is no JSON'),
      failed('bull:q:2 holds no job'),
      { kind: 'value', text: '7' },
    ]);
  });

  test('a job that was done in the end has its value, whatever went wrong before', async () => {
    const answers: Answer[] = [
      [null, ['1', '"7"', 'its worker died', '1']],
      [null, 0],
    ];
    expect(await readJobs(answering(answers), places, ['1'])).toEqual([{ kind: 'value', text: '7' }]);
  });

  test('an outcome that is kept holds, whatever became of the job', async () => {
    const missing: Answer[] = [
      [null, [null, null, null, null]],
      [null, 0],
    ];
    const answers = [...missing, ...missing, ...missing];
    expect(await readJobs(answering(answers, ['+[7]', '-[8]', null]), places, ['1', '2', '3'])).toEqual([
      { kind: 'value', text: '[7]' },
      { kind: 'error', text: '[8]' },
      { kind: 'missing' },
    ]);
  });

  test('rejects with any other error of Redis: the next round comes', async () => {
    const loading = new Error('LOADING Redis is loading the dataset in memory');
    const answers: Answer[] = [
      [loading, undefined],
      [null, 0],
    ];
    await expect(readJobs(answering(answers), places, ['1'])).rejects.toBe(loading);
  });
});
