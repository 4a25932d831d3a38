/** What the public types promise. This file is compiled and never run: a line that is wrong is an error of tsc. */
import {
  asCompleted,
  type BrokenProcessPool,
  type Executor,
  type Future,
  type FutureIterator,
  type FutureState,
  type MapOptions,
  ProcessPoolExecutor,
  type ResultIterator,
  SerializationError,
  type SettledMapOptions,
  TerminatedWorkerError,
  type TerminationReason,
  taskMessages,
  type WorkerEvent,
  wait,
  type YieldedFuture,
} from 'loky';
import { expectSame, type Same } from './same-type.ts';

declare const executor: Executor;

export async function submitInfers(): Promise<void> {
  const number = executor.submit((a: number, b: string) => a + b.length, 1, 'two');
  expectSame<Same<typeof number, Future<number>>>();
  expectSame<Same<Awaited<typeof number>, number>>();

  const awaited = executor.submit(async (a: number) => [a], 1);
  // @ts-expect-error an argument is missing
  executor.submit((a: number) => a);
  expectSame<Same<Awaited<ReturnType<typeof awaited.result>>, number[]>>();

  const nothing = executor.submit(() => {});
  expectSame<Same<typeof nothing, Future<void>>>();

  const never = executor.submit(() => process.exit(1));
  expectSame<Same<typeof never, Future<never>>>();

  const optional = executor.submit((a: number, b?: number) => a + (b ?? 0), 1);
  expectSame<Same<typeof optional, Future<number>>>();

  const rest = executor.submit((...all: string[]) => all.length, 'a', 'b', 'c');
  expectSame<Same<typeof rest, Future<number>>>();

  const unknown = executor.submit(JSON.stringify as (value: unknown) => unknown, {});
  expectSame<Same<typeof unknown, Future<unknown>>>();
}

export function submitRefuses(): void {
  // @ts-expect-error a string is no number
  executor.submit((a: number) => a, 'one');
  // @ts-expect-error too many arguments
  executor.submit((a: number) => a, 1, 2);
  // @ts-expect-error no function
  executor.submit('task');
  // @ts-expect-error a result is no promise of something else
  const wrong: Future<string> = executor.submit(() => 1);
  void wrong;
}

export async function futuresKeepTheirType(future: Future<{ id: number }>): Promise<void> {
  expectSame<Same<typeof future.state, FutureState>>();
  expectSame<Same<FutureState, 'pending' | 'running' | 'cancelled' | 'finished'>>();
  const result = await future.result({ timeout: 1, signal: new AbortController().signal });
  expectSame<Same<typeof result, { id: number }>>();
  const error = await future.exception();
  expectSame<Same<typeof error, Error | undefined>>();
  const name = await future.then(({ id }) => String(id));
  expectSame<Same<typeof name, string>>();
  const either = await future.catch(() => undefined);
  expectSame<Same<typeof either, { id: number } | undefined>>();
  expectSame<Same<ReturnType<typeof future.cancel>, boolean>>();
  future.addDoneCallback((done) => expectSame<Same<typeof done, Future<{ id: number }>>>());
  future.catch((reason) => expectSame<Same<typeof reason, unknown>>());
  // @ts-expect-error there is no such option
  await future.result({ timeOut: 1 });
}

export async function mapInfers(): Promise<void> {
  const strings = executor.map((a: number) => String(a), [1, 2, 3]);
  expectSame<Same<typeof strings, ResultIterator<string>>>();
  for await (const each of strings) expectSame<Same<typeof each, string>>();
  const all = await executor.map(async (a: number) => a, new Set([1])).toArray();
  expectSame<Same<typeof all, number[]>>();
  const step = await strings.next();
  expectSame<Same<typeof step, IteratorResult<string, undefined>>>();

  const zipped = executor.map((a: number, b: string) => [a, b] as const, [1], ['a'], { chunkSize: 2 });
  expectSame<Same<typeof zipped, ResultIterator<readonly [number, string]>>>();
  const three = executor.map((a: number, b: string, c: boolean) => (c ? a : b), [1], ['a'], [true]);
  expectSame<Same<typeof three, ResultIterator<string | number>>>();
  const four = executor.map(
    (a: number, b: number, c: number, d: number) => a + b + c + d,
    [1],
    [2],
    [3],
    [4],
  );
  expectSame<Same<typeof four, ResultIterator<number>>>();

  const contextual = executor.map((a) => a.length, ['x'] as readonly string[]);
  expectSame<Same<typeof contextual, ResultIterator<number>>>();

  async function* lines() {
    yield 'line';
  }
  const lengths = executor.map((line: string) => line.length, lines(), { ordered: false, bufferSize: 4 });
  expectSame<Same<typeof lengths, ResultIterator<number>>>();

  const settled = executor.map((a: number) => a, [1], { settle: true, chunkSize: 'auto' });
  expectSame<Same<typeof settled, ResultIterator<PromiseSettledResult<number>>>>();
  const either = executor.map((a: number) => a, [1], {} as MapOptions | SettledMapOptions);
  expectSame<Same<typeof either, ResultIterator<PromiseSettledResult<number> | number>>>();
  executor.map((a: number) => a, [1], {
    onProgress: (done, total) =>
      expectSame<Same<[typeof done, typeof total], [number, number | undefined]>>(),
  });
  // @ts-expect-error the name of an option is misspelt
  executor.map((a: number) => a, [1], { chunksize: 3 });
  // @ts-expect-error the name of one is right
  executor.map((a: number) => a, [1], { ordered: false, chunksize: 3 });
  // @ts-expect-error the same with settled results, and with two inputs
  executor.map((a: number, b: number) => a + b, [1], [2], { settle: true, chunksize: 3 });
}

export function mapRefuses(): void {
  // @ts-expect-error strings are no numbers
  executor.map((a: number) => a, ['one']);
  // @ts-expect-error the second input is missing
  executor.map((a: number, b: number) => a + b, [1]);
  // @ts-expect-error the second input is of the wrong type
  executor.map((a: number, b: number) => a + b, [1], ['b']);
  // @ts-expect-error a number is no input
  executor.map((a: number) => a, 5);
  // @ts-expect-error there is no such option
  executor.map((a: number) => a, [1], { chunksize: 2 });
}

export async function severalFutures(numbers: Future<number>[], strings: Future<string>[]): Promise<void> {
  const { done, notDone } = await wait(numbers, { returnWhen: 'FIRST_COMPLETED' });
  expectSame<Same<typeof done, Set<Future<number>>>>();
  expectSame<Same<typeof notDone, Set<Future<number>>>>();
  const mixed = await wait([...numbers, ...strings]);
  expectSame<Same<typeof mixed.done, Set<Future<number> | Future<string>>>>();
  const iterator = asCompleted(numbers, { timeout: 5 });
  expectSame<Same<typeof iterator, FutureIterator<Future<number>>>>();
  const step = await asCompleted(numbers).next();
  expectSame<Same<typeof step, IteratorResult<YieldedFuture<Future<number>>, undefined>>>();
  // Twice: TypeScript takes the type from elsewhere the second time.
  for await (const future of asCompleted([...numbers, ...strings])) {
    const itself: Future<number> | Future<string> = future;
    expectSame<Same<Awaited<ReturnType<typeof itself.result>>, number | string>>();
  }
  for await (const future of asCompleted(numbers)) {
    const itself: Future<number> = future;
    const result = await future.result();
    expectSame<Same<typeof result, number>>();
    void itself;
  }
  // @ts-expect-error a promise is no future
  await wait([Promise.resolve(1)]);
  // @ts-expect-error there is no such moment
  await wait(numbers, { returnWhen: 'SOMETIMES' });
  const all = await Promise.all(numbers);
  expectSame<Same<typeof all, number[]>>();
}

export async function executors(): Promise<void> {
  await using pool = new ProcessPoolExecutor({
    maxWorkers: 2,
    initializer: (name: string, size: number) => void [name, size],
    initArgs: ['a', 1],
    env: (rank) => ({ RANK: String(rank), GONE: undefined }),
    idleTimeout: null,
  });
  const asExecutor: Executor = pool;
  void asExecutor;
  const view = pool.withOptions({ timeout: 5, signal: AbortSignal.abort(), priority: -1, name: 'x' });
  const result = await view.submit((x: number) => x, 1);
  expectSame<Same<typeof result, number>>();
  pool.on('workerReady', (event) => expectSame<Same<typeof event, WorkerEvent>>());
  pool.on('broken', (error) => expectSame<Same<typeof error, BrokenProcessPool>>());
  const { workers } = pool.stats();
  expectSame<Same<(typeof workers)[number]['pid'], number | undefined>>();
  // @ts-expect-error there is no such option
  new ProcessPoolExecutor({ max_workers: 2 });
  // @ts-expect-error a number is no string
  new ProcessPoolExecutor({ env: { DEBUG: 1 } });
  // @ts-expect-error there is no such rule
  new ProcessPoolExecutor({ onWorkerCrash: 'ignore' });
  // @ts-expect-error there is no such event
  pool.on('workerRedy', () => {});
  await pool.shutdown({ wait: true, cancelFutures: true, killWorkers: true });
}

export function errors(error: unknown): void {
  if (error instanceof TerminatedWorkerError) {
    expectSame<Same<typeof error.reason, TerminationReason>>();
    expectSame<Same<typeof error.exitCode, number | undefined>>();
    const broken: BrokenProcessPool = error;
    expectSame<Same<typeof broken.code, string>>();
    expectSame<Same<typeof error.code, 'ERR_TERMINATED_WORKER'>>();
    expectSame<Same<typeof error.signal, NodeJS.Signals | undefined>>();
    // The reasons can be told apart exhaustively.
    const sentences: Record<TerminationReason, string> = {
      exit: '',
      crash: '',
      'out-of-memory': '',
      'memory-limit': '',
      'uncaught-exception': '',
      channel: '',
      'shared-worker': '',
    };
    void sentences[error.reason];
  }
  if (error instanceof SerializationError) {
    expectSame<Same<typeof error.path, string | undefined>>();
    expectSame<Same<typeof error.code, 'ERR_SERIALIZATION'>>();
  }
}

export async function streams(executor: Executor): Promise<void> {
  const rows = executor.stream(function* (count: number) {
    for (let row = 0; row < count; row += 1) yield { row };
  }, 3);
  expectSame<Same<typeof rows, ResultIterator<{ row: number }>>>();
  const awaited = executor.stream(async function* () {
    yield Promise.resolve('text');
  });
  expectSame<Same<typeof awaited, ResultIterator<string>>>();
  // @ts-expect-error it yields nothing
  executor.stream((n: number) => n, 1);
  function* once(n: number): Generator<number> {
    yield n;
  }
  // @ts-expect-error a text is no number
  executor.stream(once, 'three');
  // @ts-expect-error nothing is sent to a generator
  executor.stream(function* (): Generator<number, void, string> {
    const text: string = yield 1;
    void text;
  });
  for await (const message of taskMessages<{ stop: boolean }>())
    expectSame<Same<typeof message, { stop: boolean }>>();
  expectSame<Same<ReturnType<Future<number>['send']>, boolean>>();
}
