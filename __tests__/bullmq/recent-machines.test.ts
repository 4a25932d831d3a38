import { expect, test } from '@jest/globals';
import { referenceTo } from '../../lib/bullmq/payload-store.ts';
import { recentMachines } from '../../lib/bullmq/recent-machines.ts';
import { hasWhatItNeeds } from '../../lib/bullmq/refusal.ts';
import { PROTOCOL } from '../../lib/bullmq/wire.ts';

const machine = { draining: false, protocol: PROTOCOL, tasksVersion: '1', tasks: ['add'], hasStore: false };
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
});

test('of a signed function it is not known', () => {
  const signed = { call: '', expires: 0, mac: '' };
  expect(hasWhatItNeeds(machine, { ...job, signed })).toBe(false);
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
