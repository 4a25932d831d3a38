/** Which shared values a machine keeps. The executor is a fake that hands out handles. */
import { expect, test } from '@jest/globals';
import { MachineShares } from '../../lib/bullmq/machine-shares.ts';
import { hashOf } from '../../lib/bullmq/payload-store.ts';
import type { SharedReference } from '../../lib/bullmq/wire.ts';
import { newHandle, sharedState } from '../../lib/sending/common/shared.ts';

const VALUE = Buffer.alloc(100);

function open(maxShared: number) {
  const reads: string[] = [];
  const store = {
    put: async () => {},
    get: async (key: string) => {
      reads.push(key);
      return VALUE;
    },
  };
  const executor = { share: <T>(value: T) => newHandle(value, false) };
  return { reads, shares: new MachineShares({ store, maxShared, executor }) };
}

const referenceTo = (key: string): SharedReference => [1, key, hashOf(VALUE)];

test('those that were used least lately go when there is no more room, and are read again', async () => {
  const { reads, shares } = open(250);
  for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) {
    const taken = await shares.take('job', [referenceTo(key)]);
    taken.release();
  }
  expect(reads).toEqual(['a', 'b', 'c', 'b']);
});

test('what a running job needs stays until it has ended, and is freed then', async () => {
  const { reads, shares } = open(0);
  const first = await shares.take('first', [referenceTo('a')]);
  const second = await shares.take('second', [referenceTo('a')]);
  const [handle] = first.handles.values();
  first.release();
  expect(sharedState(handle)?.isDisposed).toBe(false);
  second.release();
  await null;
  expect(sharedState(handle)?.isDisposed).toBe(true);
  expect(reads).toEqual(['a']);
});

test('what no submitter writes is refused', async () => {
  const { shares } = open(0);
  await expect(shares.take('job', [[1, 'key']] as never)).rejects.toThrow('in an unknown way');
});
