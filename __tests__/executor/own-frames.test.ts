/** The stacks of users' errors have the user's frames alone, in whatever way the code of the user came to run. */
import { dirname, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { type ProcessPoolExecutor, reportProgress, taskMessages } from 'loky';
import { packageUrl } from './host-script.ts';
import { poolOfAllTests, poolsOfEachTest, rejectionOf } from './pools.ts';

const own = dirname(fileURLToPath(packageUrl)) + sep;

function fail(): never {
  throw nested((error) => error);
}

function failFrozen(): never {
  throw nested(Object.freeze);
}

function nested(each: <E extends Error>(error: E) => E): Error {
  const innermost = each(new SyntaxError('innermost'));
  return each(new RangeError('outer', { cause: each(new TypeError('inner', { cause: innermost })) }));
}

async function failLater(): Promise<never> {
  await new Promise((resolve) => setTimeout(resolve, 1));
  return fail();
}

const failAll = () => Promise.any([failLater(), failLater()]);

function* failAfter(): Generator<number> {
  yield 1;
  fail();
}

async function* failLaterAfter(): AsyncGenerator<number> {
  yield 1;
  await failLater();
}

async function failAtMessage(): Promise<void> {
  reportProgress('runs');
  for await (const _ of taskMessages()) fail();
}

class Unreadable {
  [Symbol.for('loky.reduce')](): never {
    return fail();
  }
}

const lists = (count: number) => Array.from({ length: count }, (_, n) => n);
const firstFailure = (results: PromiseSettledResult<unknown>[]) =>
  (results.find(({ status }) => status === 'rejected') as PromiseRejectedResult).reason;

const ways: Record<string, (executor: ProcessPoolExecutor) => Promise<unknown>> = {
  'a sync task': (executor) => rejectionOf(executor.submit(fail)),
  'an async task': (executor) => rejectionOf(executor.submit(failLater)),
  'an aggregate': (executor) => rejectionOf(executor.submit(failAll)),
  'a frozen error': (executor) => rejectionOf(executor.submit(failFrozen)),
  'a result': (executor) => executor.submit(() => nested((error) => error)),
  'a result that holds it': async (executor) => {
    const settled = await executor.submit(() => Promise.allSettled([failLater()]));
    return (settled[0] as PromiseRejectedResult).reason;
  },
  'a function inside of another': (executor) => rejectionOf(executor.submit(() => [1].map(() => fail()))),
  map: (executor) => rejectionOf(executor.map(fail, lists(3)).toArray()),
  'map of async functions': (executor) => rejectionOf(executor.map(failLater, lists(3)).toArray()),
  'map with chunks': (executor) => rejectionOf(executor.map(failLater, lists(9), { chunkSize: 3 }).toArray()),
  'map with automatic chunks': (executor) =>
    rejectionOf(executor.map(fail, lists(100), { chunkSize: 'auto' }).toArray()),
  'map that settles': async (executor) =>
    firstFailure(await executor.map(fail, lists(3), { settle: true, chunkSize: 2 }).toArray()),
  'a stream': (executor) => rejectionOf(executor.stream(failAfter).toArray()),
  'an async stream': (executor) => rejectionOf(executor.stream(failLaterAfter).toArray()),
  'a task that reads messages': async (executor) => {
    const future = executor.submit(failAtMessage);
    future.onProgress(() => future.send('now'));
    return rejectionOf(future);
  },
  'a view': (executor) => rejectionOf(executor.withOptions({ timeout: 60_000 }).submit(failLater)),
  'a result that cannot be taken apart': async (executor) =>
    (await rejectionOf(executor.submit(() => new Unreadable()))).cause,
};

/** With its causes, and the errors of an aggregate. */
function allOf(error: unknown): Error[] {
  if (!(error instanceof Error)) return [];
  const inside = error instanceof AggregateError ? error.errors : [];
  return [error, ...allOf(error.cause), ...inside.flatMap(allOf)];
}

describe('the stack of an error has no frame of the package, and nor have its causes, of', () => {
  const executor = poolOfAllTests();
  const newPool = poolsOfEachTest();

  test.each(Object.keys(ways))('%s', async (way) => {
    const errors = allOf(await (ways[way] as (typeof ways)[string])(executor));
    expect(errors.length).toBeGreaterThanOrEqual(3);
    for (const { stack } of errors) {
      expect(stack).toContain('own-frames.test.ts');
      expect(stack).not.toContain(own);
    }
  });

  test('the initializer', async () => {
    const failing = newPool({ initializer: failLater });
    const errors = allOf((await rejectionOf(failing.submit(fail))).cause);
    expect(errors).toHaveLength(3);
    for (const { stack } of errors) expect(stack).not.toContain(own);
  });
});
