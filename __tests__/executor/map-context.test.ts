/** Whatever kind of pool runs a `map`: its `onProgress` is the caller's. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { expect, test } from '@jest/globals';
import type { RemoteSettings } from '../../lib/bullmq/executor-options.ts';
import { remoteCalls } from '../../lib/bullmq/remote-calls.ts';
import type { RemotePool } from '../../lib/bullmq/remote-pool.ts';
import { RemoteShares } from '../../lib/bullmq/remote-shares.ts';
import { defineTasks } from '../../lib/bullmq/task-registry.ts';
import { valueCodec } from '../../lib/bullmq/wire-values.ts';
import { mapOn } from '../../lib/executor/map-on-pool.ts';
import { Future, futureControl } from '../../lib/futures/future.ts';
import { devalue } from '../../lib/system/devalue/devalue.ts';

const NO_OPTIONS = { retries: 0, priority: 0 };

/** Answers each task with a 0. */
const pool = {
  expectRoom() {},
  pendingCount: 0,
  submit() {
    const future = new Future<unknown>({ cancel: () => false, isRunning: () => false, send: () => false });
    setImmediate(() => futureControl.resolve(future, 0));
    return future;
  },
} as unknown as RemotePool;

test('onProgress of a map on other machines is called in the context of the map, whoever takes the results', async () => {
  const same = (x: number) => x;
  const settings = {
    tasks: defineTasks(import.meta.url, { same }),
    queue: 'queue',
    maxPayload: 1000,
  } as unknown as RemoteSettings;
  const codec = valueCodec(devalue, undefined, 1000);
  const calls = remoteCalls(pool, settings, 'executor', codec, new RemoteShares(settings, codec));
  const request = new AsyncLocalStorage<string>();
  const seen: unknown[] = [];
  const onProgress = () => seen.push(request.getStore());
  const rest = [[1, 2, 3], { onProgress, bufferSize: 1 }]; // the second and the third are sent when a result is taken
  const results = request.run('the caller', () => mapOn(() => calls, NO_OPTIONS, mapOn, same, rest));
  expect(await request.run('a taker', () => results.toArray())).toEqual([0, 0, 0]);
  expect(seen).toEqual(['the caller', 'the caller', 'the caller']);
});
