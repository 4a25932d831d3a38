/** `AsyncLocalStorage`: what a request starts comes back to that request, and to no other. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import { asCompleted, type Future, type TaskEvent, wait } from 'loky';
import { killSelf, poolsOfEachTest, runForEver, sleepFor, square } from '../executor/pools.ts';

const newPool = poolsOfEachTest();
const request = new AsyncLocalStorage<string>();

/** What a done-callback sees of the request that added it. */
function seenByCallback(future: Future<unknown>): Promise<string | undefined> {
  return new Promise((resolve) => {
    future.addDoneCallback(() => resolve(request.getStore()));
  });
}

test('a done-callback runs in the context in which it was added, whoever started the worker', async () => {
  const executor = newPool();
  const first = request.run('A', () => seenByCallback(executor.submit(square, 1)));
  expect(await first).toBe('A');
  expect(await request.run('B', () => seenByCallback(executor.submit(square, 1)))).toBe('B');
  expect(await seenByCallback(executor.submit(square, 1))).toBeUndefined();
  const ofA = request.run('A', () => executor.submit(sleepFor, 20));
  expect(await request.run('C', () => seenByCallback(ofA))).toBe('C');
});

test('a callback that is added to a future that is done runs in its own context as well', async () => {
  const executor = newPool();
  const future = request.run('A', () => executor.submit(square, 1));
  await future;
  expect(await request.run('B', () => seenByCallback(future))).toBe('B');
});

test('await, then, map and asCompleted go on in the context of whoever waits', async () => {
  const executor = newPool({ maxWorkers: 2 });
  const serve = (id: string) =>
    request.run(id, async () => {
      const seen: (string | undefined)[] = [];
      const note = () => seen.push(request.getStore());
      await executor.submit(square, 1);
      note();
      await executor.submit(square, 1).then(note);
      for await (const _ of executor.map(square, [1, 2, 3], { bufferSize: 1 })) note();
      const completed = asCompleted([executor.submit(square, 1), executor.submit(sleepFor, 5)]);
      while (!(await completed.next()).done) note();
      await wait([executor.submit(square, 2)]);
      note();
      return seen.every((each) => each === id) ? seen.length : seen;
    });
  expect(await Promise.all(['A', 'B', 'C'].map(serve))).toEqual([8, 8, 8]);
});

test('onProgress of map and of a future run in the context of the call that set them', async () => {
  const executor = newPool();
  const { reportProgress } = await import('loky');
  const seen: (string | undefined)[] = [];
  const note = () => void seen.push(request.getStore());
  const results = request.run('A', () => executor.map(square, [1, 2], { bufferSize: 1, onProgress: note }));
  await request.run('B', () => results.toArray());
  const future = request.run('A', () => executor.submit(() => reportProgress(1)));
  request.run('C', () => future.onProgress(note));
  await future;
  expect(seen).toEqual(['A', 'A', 'C']);
});

test('events of a task are told in the context of its submit; events of workers in that of no request', async () => {
  const executor = newPool({ onWorkerCrash: 'isolate', idleTimeout: 30 });
  const seen: string[] = [];
  for (const name of ['taskQueued', 'taskStarted', 'taskSettled'] as const)
    executor.on(name, (event: TaskEvent) => seen.push(`${name} ${event.name} ${request.getStore()}`));
  for (const name of ['workerStarted', 'workerReady', 'workerExited'] as const)
    executor.on(name, () => seen.push(`${name} ${request.getStore()}`));
  await request.run('A', () => executor.withOptions({ name: 'a' }).submit(killSelf).exception());
  await request.run('B', () => executor.withOptions({ name: 'b' }).submit(square, 1));
  await once(executor, 'workerExited'); // idle for too long, by a timer
  await request.run('C', () =>
    executor.withOptions({ name: 'c', timeout: 50 }).submit(runForEver).exception(),
  );
  expect(seen.filter((line) => line.startsWith('task'))).toEqual(
    ['a A', 'b B', 'c C'].flatMap((of) => [`taskQueued ${of}`, `taskStarted ${of}`, `taskSettled ${of}`]),
  );
  const ofWorkers = seen.filter((line) => line.startsWith('worker'));
  expect(ofWorkers.length).toBeGreaterThanOrEqual(8);
  expect(new Set(ofWorkers.map((line) => line.split(' ')[1]))).toEqual(new Set(['undefined']));
});

test('output is told in the context of no request', async () => {
  const executor = newPool({ stdio: 'events' });
  const seen: unknown[] = [];
  executor.on('output', ({ line }) => seen.push([line, request.getStore()]));
  await request.run('A', () => executor.submit(() => console.log('from A')));
  await request.run('B', () => executor.submit(() => console.log('from B')));
  await executor.shutdown();
  expect(seen).toEqual([
    ['from A', undefined],
    ['from B', undefined],
  ]);
});

test('what a request keeps in its context is not kept by the executor that it was the first to use', async () => {
  const executor = newPool({ idleTimeout: 60_000 });
  const store = new AsyncLocalStorage<object>();
  const kept = await (async () => {
    const context = { large: new Array(1_000).fill('x') };
    await store.run(context, async () => {
      await Promise.all(Array.from({ length: 200 }, (_, index) => executor.submit(square, index)));
    });
    return new WeakRef(context);
  })();
  await executor.submit(square, 1);
  const { setFlagsFromString } = await import('node:v8');
  const { runInNewContext } = await import('node:vm');
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let round = 0; round < 20 && kept.deref() !== undefined; round += 1) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    collect();
  }
  expect(kept.deref()).toBeUndefined();
});
