/** Spare workers are told of the functions that were called of late, by a timer that somebody owns. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { Preparation } from '../../lib/manager/preparation.ts';
import type { PoolWorker } from '../../lib/manager/worker.ts';
import type { Definition } from '../../lib/sending/common/payload.ts';

const definitionsOf = (id: number): readonly Definition[] => [
  { id, payload: { body: new Uint8Array(), views: [] } },
];

function workerThat(state: PoolWorker['state'], prepare: (ids: number[]) => void = () => {}): PoolWorker {
  return {
    state,
    prepare: (definitions: readonly Definition[]) => prepare(definitions.map(({ id }) => id)),
  } as unknown as PoolWorker;
}

describe('functions that were called', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  test('are told to the spare workers a while later, and to nobody else', () => {
    jest.useFakeTimers();
    const told: number[] = [];
    const busy = workerThat('busy', () => expect('a busy worker').toBe('left alone'));
    const preparation = new Preparation(new Set([busy, workerThat('spare', (ids) => told.push(...ids))]));
    preparation.note(definitionsOf(1));
    preparation.note(definitionsOf(2));
    expect(jest.getTimerCount()).toBe(1);
    jest.runAllTimers();
    expect(told).toEqual([1, 2]);
  });

  test('start no timer without a spare worker: one that comes later is told when it comes', () => {
    jest.useFakeTimers();
    const preparation = new Preparation(new Set([workerThat('busy')]));
    preparation.note(definitionsOf(1));
    expect(jest.getTimerCount()).toBe(0);
    const told: number[] = [];
    preparation.prepare(workerThat('spare', (ids) => told.push(...ids)));
    expect(told).toEqual([1]);
  });

  test('after the pool was shut down, while it finishes what it has, start no timer', () => {
    jest.useFakeTimers();
    const preparation = new Preparation(new Set([workerThat('spare')]));
    preparation.note(definitionsOf(1));
    preparation.stop();
    preparation.note(definitionsOf(2));
    expect(jest.getTimerCount()).toBe(0);
  });

  test('do not keep the async context of their call', async () => {
    const request = new AsyncLocalStorage<string>();
    const seen = await new Promise((resolve) => {
      const spare = workerThat('spare', () => resolve(request.getStore()));
      request.run('a request', () => new Preparation(new Set([spare])).note(definitionsOf(1)));
    });
    expect(seen).toBeUndefined();
  });
});
