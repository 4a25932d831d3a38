import { describe, expect, test } from '@jest/globals';
import type { JobFields } from '../../lib/bullmq/exchange.ts';
import { readJobs } from '../../lib/bullmq/job-reader.ts';

const nothing: JobFields = {
  ...{
    outcome: null,
    finishedOn: null,
    returnvalue: null,
    failedReason: null,
    timestamp: null,
    processedBy: null,
  },
  isRunning: false,
};

const finished = (returnvalue: string): JobFields => ({
  ...nothing,
  ...{ finishedOn: '1', timestamp: '1', returnvalue },
});

const reading = (...jobs: readonly JobFields[]) =>
  readJobs(
    { readJobs: async () => [...jobs] },
    jobs.map((_, index) => ({ executor: 'me', id: String(index) })),
  );

describe('reading what became of jobs', () => {
  test('gives a job that somebody else has written to as failed, and reads the others', async () => {
    const problem = 'bull:q:2 holds no job';
    const jobStates = await reading(finished('no JSON'), { ...nothing, problem }, finished('"7"'));
    const failed = (found: string) => ({ kind: 'failed', reason: expect.stringContaining(found) });
    expect(jobStates).toEqual([
      failed('its result is not JSON'),
      failed('bull:q:2 holds no job'),
      { kind: 'value', text: '7' },
    ]);
  });

  test('a job that was done in the end has its value, whatever went wrong before', async () => {
    const job = { ...finished('"7"'), failedReason: 'its worker died' };
    expect(await reading(job)).toEqual([{ kind: 'value', text: '7' }]);
  });

  test('an outcome that is kept holds, whatever became of the job', async () => {
    const jobs = [{ ...nothing, outcome: '+[7]' }, { ...nothing, outcome: '-[8]' }, nothing];
    expect(await reading(...jobs)).toEqual([
      { kind: 'value', text: '[7]' },
      { kind: 'error', text: '[8]' },
      { kind: 'missing' },
    ]);
  });

  test('a job that is there waits, or runs where its lock is held', async () => {
    const there = { ...nothing, timestamp: '1' };
    expect(await reading(there, { ...there, isRunning: true, processedBy: 'm' })).toEqual([
      { kind: 'waiting' },
      { kind: 'running', machine: 'm' },
    ]);
  });
});
