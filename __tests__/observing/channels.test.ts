/** Every executor of the process publishes on channels of `node:diagnostics_channel`. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, expect, test } from '@jest/globals';
import type { DiagnosticsMessages } from 'loky';
import { killSelf, poolsOfEachTest, square } from '../executor/pools.ts';

const newPool = poolsOfEachTest();
const ends: (() => void)[] = [];

afterEach(() => {
  for (const end of ends.splice(0)) end();
});

function collect<K extends keyof DiagnosticsMessages>(name: K): DiagnosticsMessages[K][] {
  const messages: DiagnosticsMessages[K][] = [];
  const onMessage = (message: unknown): void => void messages.push(message as DiagnosticsMessages[K]);
  subscribe(name, onMessage);
  ends.push(() => unsubscribe(name, onMessage));
  return messages;
}

test('tasks and workers of all executors are published, told apart by executorId', async () => {
  const [queued, started, settled] = [
    collect('loky:task:queued'),
    collect('loky:task:started'),
    collect('loky:task:settled'),
  ];
  const [begun, ready, exited] = [
    collect('loky:worker:started'),
    collect('loky:worker:ready'),
    collect('loky:worker:exited'),
  ];
  const [one, other] = [newPool(), newPool()];
  await Promise.all([one.submit(square, 1), other.withOptions({ name: 'other' }).submit(square, 2)]);
  await Promise.all([one.shutdown(), other.shutdown()]);
  const ids = [one.executorId, other.executorId];
  for (const messages of [queued, started, settled, begun, ready, exited])
    expect(messages.map(({ executorId }) => executorId).sort()).toEqual(ids);
  expect(queued.map(({ name }) => name)).toEqual(['square', 'other']);
  expect(settled.every(({ outcome, runTime }) => outcome === 'succeeded' && runTime !== undefined)).toBe(
    true,
  );
  expect(begun.every(({ reason }) => reason === 'demand')).toBe(true);
  expect(exited.every(({ reason }) => reason === 'shutdown')).toBe(true);
});

test('a pool that breaks, and workers that are recycled, are published', async () => {
  const [broken, recycled] = [collect('loky:executor:broken'), collect('loky:worker:recycled')];
  const [one, other] = [newPool(), newPool({ maxTasksPerWorker: 1 })];
  const error = await one.submit(killSelf).exception();
  await other.submit(square, 1);
  expect(broken).toEqual([{ executorId: one.executorId, error }]);
  expect(recycled).toMatchObject([{ executorId: other.executorId, reason: 'max-tasks', tasksDone: 1 }]);
});

test('messages of a task are published in the async context of its submit', async () => {
  const request = new AsyncLocalStorage<string>();
  const seen: (string | undefined)[] = [];
  for (const name of ['loky:task:queued', 'loky:task:started', 'loky:task:settled']) {
    const onMessage = (): void => void seen.push(`${name} ${request.getStore()}`);
    subscribe(name, onMessage);
    ends.push(() => unsubscribe(name, onMessage));
  }
  const executor = newPool();
  await request.run('A', () => executor.submit(square, 1));
  await request.run('B', () => executor.submit(square, 1));
  expect(seen).toEqual(
    ['A', 'B'].flatMap((id) => ['queued', 'started', 'settled'].map((step) => `loky:task:${step} ${id}`)),
  );
});

test('after the last subscriber has gone nothing is published any more', async () => {
  const executor = newPool();
  const settled = collect('loky:task:settled');
  await executor.submit(square, 1);
  for (const end of ends.splice(0)) end();
  await executor.submit(square, 2);
  expect(settled).toHaveLength(1);
});
