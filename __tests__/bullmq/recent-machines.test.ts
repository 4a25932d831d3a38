import { expect, test } from '@jest/globals';
import { referenceTo } from '../../lib/bullmq/payload-store.ts';
import { hasWhatItNeeds } from '../../lib/bullmq/refusal.ts';
import { recentMachines } from '../../lib/bullmq/server-stats.ts';
import { keyName } from '../../lib/bullmq/signing.ts';
import { PROTOCOL } from '../../lib/bullmq/wire.ts';

const machine = {
  ...{ draining: false, protocol: PROTOCOL, tasksVersion: '1', tasks: ['add'], hasStore: false },
  keyName: null,
};
const job = { loky: PROTOCOL, version: '1', task: 'add' };

test('a machine takes a job of its protocol, its version and its tasks, unless it leaves', () => {
  expect(hasWhatItNeeds(machine, job)).toBe(true);
  expect(hasWhatItNeeds(machine, { ...job, version: null })).toBe(true);
  expect(hasWhatItNeeds({ ...machine, tasksVersion: null }, job)).toBe(true);
  expect(hasWhatItNeeds({ ...machine, draining: true }, job)).toBe(false);
  expect(hasWhatItNeeds({ ...machine, protocol: PROTOCOL + 1 }, job)).toBe(false);
  expect(hasWhatItNeeds({ ...machine, tasksVersion: '2' }, job)).toBe(false);
  expect(hasWhatItNeeds({ ...machine, tasks: ['square'] }, job)).toBe(false);
  const stored = { ...job, args: referenceTo('1') };
  expect(hasWhatItNeeds(machine, stored)).toBe(false);
  expect(hasWhatItNeeds({ ...machine, hasStore: true }, stored)).toBe(true);
  const sharing = { ...job, shared: [[1, 'key', 'hash']] as const };
  expect(hasWhatItNeeds(machine, sharing)).toBe(false);
  expect(hasWhatItNeeds({ ...machine, hasStore: true }, sharing)).toBe(true);
});

test('a machine takes a signed function if it has its key, whatever its tasks are', () => {
  const [mine, other] = ['a', 'b'].map((letter) => keyName(letter.repeat(32)));
  const signed = { call: '', expires: 0, mac: '', keyName: mine as string };
  const signedJob = { ...job, task: 'none', signed };
  const withKey = { ...machine, keyName: mine as string };
  expect(hasWhatItNeeds(withKey, signedJob)).toBe(true);
  expect(hasWhatItNeeds({ ...machine, keyName: other as string }, signedJob)).toBe(false);
  expect(hasWhatItNeeds(machine, signedJob)).toBe(false);
  expect(hasWhatItNeeds({ ...withKey, tasksVersion: '2' }, signedJob)).toBe(false);
  const stored = { ...signedJob, signed: { ...signed, call: referenceTo('1') } };
  expect(hasWhatItNeeds(withKey, stored)).toBe(false);
  expect(hasWhatItNeeds({ ...withKey, hasStore: true }, stored)).toBe(true);
  const unnamed = { ...signedJob, signed: { call: '', expires: 0, mac: '' } };
  expect(hasWhatItNeeds(withKey, unnamed)).toBe(false);
});

test('machines are asked for once a second, and a failure is not kept for longer', async () => {
  let now = 0;
  let asked = 0;
  const beats = async (): Promise<string[]> => {
    asked += 1;
    if (asked === 1) throw new Error('away');
    return [JSON.stringify({ ...machine, id: 'm', host: 'h' }), 'no report'];
  };
  const machines = recentMachines({ beats }, () => now);
  await expect(machines()).rejects.toThrow('away');
  await expect(machines()).rejects.toThrow('away');
  now = 1_000;
  expect(await machines()).toEqual([{ ...machine, id: 'm', host: 'h' }]);
  await machines();
  expect(asked).toBe(2);
});
