/** What the public types promise of generics, views, futures and the rest. Compiled and never run, as public-types.ts. */
import {
  type cpuCount,
  type Executor,
  type Future,
  getReusableExecutor,
  ProcessPoolExecutor,
  type ResultIterator,
  type ReusableExecutor,
  register,
  setLokySerializer,
  type WorkerInfo,
  type workerInfo,
  wrapNonSerializable,
} from 'loky';
import { expectSame, type Same } from './same-type.ts';

declare const executor: Executor;

class Box<T> {
  readonly content: T;
  constructor(content: T) {
    this.content = content;
  }
}

function parse(text: string): number;
function parse(text: string, radix: number): bigint;
function parse(text: string, radix?: number): number | bigint {
  return radix === undefined ? Number(text) : BigInt(text);
}

export async function genericsAndOverloads(): Promise<void> {
  // A generic function is instantiated with what is submitted.
  const identity = executor.submit(<T>(value: T): T => value, 'text');
  expectSame<Same<typeof identity, Future<string>>>();
  const boxed = executor.submit(<T>(content: T) => new Box(content), 5);
  expectSame<Same<typeof boxed, Future<Box<number>>>>();
  const first = executor.submit(<T>([head]: T[]): T | undefined => head, ['a']);
  expectSame<Same<typeof first, Future<string | undefined>>>();

  // Of overloads TypeScript infers the last; another one is chosen by a type.
  const last = executor.submit(parse, '12', 10);
  expectSame<Same<typeof last, Future<bigint>>>();
  const chosen = executor.submit(parse as (text: string) => number, '12');
  expectSame<Same<typeof chosen, Future<number>>>();

  const nested = executor.submit(async () => Promise.resolve(Promise.resolve(1)));
  expectSame<Same<typeof nested, Future<number>>>();
  const thenable = executor.submit((): PromiseLike<Date> => Promise.resolve(new Date()));
  expectSame<Same<typeof thenable, Future<Date>>>();
  const either = executor.submit(
    (now: boolean): number | Promise<string> => (now ? 1 : Promise.resolve('2')),
    true,
  );
  expectSame<Same<typeof either, Future<number | string>>>();
  const tuple = executor.submit((pair: readonly [number, string]) => pair, [1, 'a'] as const);
  expectSame<Same<typeof tuple, Future<readonly [number, string]>>>();

  // A function that is generic over the executor and the task keeps its types.
  async function twice<T>(on: Executor, task: () => Promise<T>): Promise<[T, T]> {
    const run = () => on.submit(task) as Future<T>;
    return [await run(), await run()];
  }
  expectSame<Same<Awaited<ReturnType<typeof twice<number>>>, [number, number]>>();

  const boxes = executor.map(<T>(content: T) => new Box(content), [1, 2]);
  expectSame<Same<typeof boxes, ResultIterator<Box<number>>>>();
  const mixed = executor.map(
    (a: number, b: string) => [a, b] as const,
    new Set([1]),
    [Promise.resolve('a')].map(() => 'a'),
  );
  expectSame<Same<typeof mixed, ResultIterator<readonly [number, string]>>>();
}

export async function views(pool: ProcessPoolExecutor): Promise<void> {
  const view = pool.withOptions({
    timeout: 5,
    signal: new AbortController().signal,
    retries: 1,
    priority: 2,
    name: 'x',
  });
  expectSame<Same<typeof view, Executor>>();
  const again = view.withOptions({ name: 'y' });
  expectSame<Same<typeof again, Executor>>();
  const future = again.submit(async (n: number) => n, 1);
  expectSame<Same<typeof future, Future<number>>>();
  // @ts-expect-error a duration is a number of milliseconds
  pool.withOptions({ timeout: '5s' });
  // @ts-expect-error a signal, not its controller
  pool.withOptions({ signal: new AbortController() });
  // @ts-expect-error there is no such option
  pool.withOptions({ retry: 1 });
  // @ts-expect-error a view has no events
  view.on('workerReady', () => {});
}

export async function futuresHaveTheMethodsOfConcurrentFutures(future: Future<number>): Promise<void> {
  expectSame<Same<ReturnType<typeof future.cancelled>, boolean>>();
  expectSame<Same<ReturnType<typeof future.running>, boolean>>();
  expectSame<Same<ReturnType<typeof future.done>, boolean>>();
  expectSame<Same<ReturnType<typeof future.cancel>, boolean>>();
  expectSame<Same<Parameters<typeof future.cancel>[0], { kill?: boolean } | undefined>>();
  const after = future.finally(() => {});
  expectSame<Same<typeof after, Promise<number>>>();
  const recovered = future.then(
    (value) => value,
    (reason) => {
      expectSame<Same<typeof reason, unknown>>();
      return 'instead';
    },
  );
  expectSame<Same<typeof recovered, Promise<number | string>>>();
  const promise: PromiseLike<number> = future;
  void promise;
  const wider: Future<number | string> = future;
  void wider;
  // @ts-expect-error a future is no promise: it has no such tag, and more methods
  const narrower: Future<1> = future;
  void narrower;
  // @ts-expect-error a state is read only
  future.state = 'finished';
  // @ts-expect-error a callback gets the future alone
  future.addDoneCallback((_future, _error) => {});
}

export function reusable(): void {
  const executor = getReusableExecutor({ maxWorkers: 2, reuse: 'auto', killWorkers: true, key: 'images' });
  expectSame<Same<typeof executor, ReusableExecutor>>();
  expectSame<Same<typeof executor.executorId, number>>();
  const asPool: ProcessPoolExecutor = executor;
  void asPool;
  // @ts-expect-error there is no such answer
  getReusableExecutor({ reuse: 'never' });
  // @ts-expect-error of another kind
  new ProcessPoolExecutor({ reuse: 'auto' });
}

export function sending(): void {
  const wrapped = wrapNonSerializable((a: number) => String(a), { keepWrapper: false });
  expectSame<Same<typeof wrapped, (a: number) => string>>();
  register('date', {
    test: (value) => value instanceof Date,
    reduce: (date: Date) => date.getTime(),
    rebuild: (time: number) => new Date(time),
  });
  // @ts-expect-error rebuild is missing
  register('date', { test: () => true, reduce: String });
  setLokySerializer('v8');
  // @ts-expect-error there is no such serializer
  setLokySerializer('json');
  expectSame<Same<ReturnType<typeof workerInfo>, WorkerInfo | undefined>>();
  expectSame<Same<ReturnType<typeof cpuCount>, number>>();
}
