import { describe, expect, test } from '@jest/globals';
import type { Redis } from 'ioredis';
import { readJobs } from '../../lib/bullmq/job-reader.ts';

type Answer = [Error | null, unknown];

/** A Redis that gives these answers, two for each key. */
function answering(answers: readonly Answer[]): Redis {
  const pipeline = { hmget: () => pipeline, exists: () => pipeline, exec: async () => answers };
  return { pipeline: () => pipeline } as unknown as Redis;
}

const finished = (value: string): Answer[] => [
  [null, ['1', value, null, null, '1']],
  [null, 0],
];

describe('reading what became of jobs', () => {
  test('gives a job that somebody else has written to as failed, and reads the others', async () => {
    const wrongType = new Error('WRONGTYPE Operation against a key holding the wrong kind of value');
    const answers: Answer[] = [...finished('no JSON'), [wrongType, undefined], [null, 0], ...finished('"7"')];
    const outlooks = await readJobs(answering(answers), ['bull:q:1', 'bull:q:2', 'bull:q:3']);
    const failed = (found: string) => ({ kind: 'failed', reason: expect.stringContaining(found) });
    expect(outlooks).toEqual([
      failed('its result is no JSON'),
      failed('bull:q:2 holds no job'),
      { kind: 'value', text: '7' },
    ]);
  });

  test('a job that was done in the end has its value, whatever went wrong before', async () => {
    const answers: Answer[] = [
      [null, ['1', '"7"', 'an error', 'its worker died', '1']],
      [null, 0],
    ];
    expect(await readJobs(answering(answers), ['bull:q:1'])).toEqual([{ kind: 'value', text: '7' }]);
  });

  test('rejects with any other error of Redis: the next round comes', async () => {
    const loading = new Error('LOADING Redis is loading the dataset in memory');
    await expect(readJobs(answering([[loading, undefined]]), ['bull:q:1'])).rejects.toBe(loading);
  });
});
