/**
 * The crash matrix of streams and shared values: every moment of a stream × everything that can happen to its worker there, for
 * sync and async generators that use a shared value, with another stream beside. What must become of the stream follows from
 * the two, and is not written down case by case.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import type { ExecutorOptions, ProcessPoolExecutor, ResultIterator, Shared } from 'loky';
import { poolsOfEachTest, sleepFor } from '../../executor/pools.ts';
import { waitUntil } from '../../helpers/processes.ts';

const newPool = poolsOfEachTest();
const folder = mkdtempSync(join(tmpdir(), 'loky-stream-matrix-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let cases = 0;

/** In milliseconds; long enough that each moment is reached before. */
const TIMEOUT = 2000;
const all = Array.from({ length: 60 }, (_, value) => value);
const doubled = all.map((value) => 2 * value);

/** Where a generator is when something happens, and how many values were taken before. */
const moments = {
  'before its first value': 0,
  'between two values': 5,
  'out of credit': 1,
  'in its finally': 2,
} as const;
type Moment = keyof typeof moments;

interface Gate {
  readonly at: Moment;
  /** The generator writes its pid here when it is there … */
  readonly reached: string;
  /** … and waits for this file, unless it waits for credit. */
  readonly opened: string;
}

type Table = Shared<{ readonly inputs: readonly number[]; readonly factor: number }>;

function* syncValues({ at, reached, opened }: Gate, { value: { inputs, factor } }: Table): Generator<number> {
  const { existsSync, writeFileSync } = process.getBuiltinModule('node:fs');
  const cell = new Int32Array(new SharedArrayBuffer(4));
  const waitAt = (moment: Moment): void => {
    if (at !== moment) return;
    writeFileSync(reached, `${process.pid}\n`);
    while (moment !== 'out of credit' && !existsSync(opened)) Atomics.wait(cell, 0, 0, 5);
  };
  try {
    waitAt('before its first value');
    for (const input of inputs) {
      if (input === 5) waitAt('between two values');
      if (input === 15) waitAt('out of credit');
      yield input * factor;
    }
  } finally {
    waitAt('in its finally');
  }
}

async function* asyncValues({ at, reached, opened }: Gate, table: Table): AsyncGenerator<number> {
  const { existsSync, writeFileSync } = process.getBuiltinModule('node:fs');
  const { inputs, factor } = table.value;
  const waitAt = async (moment: Moment): Promise<void> => {
    if (at !== moment) return;
    writeFileSync(reached, `${process.pid}\n`);
    while (moment !== 'out of credit' && !existsSync(opened))
      await new Promise((resolve) => setTimeout(resolve, 5));
  };
  try {
    await waitAt('before its first value');
    for (const input of inputs) {
      if (input === 5) await waitAt('between two values');
      if (input === 15) await waitAt('out of credit');
      yield input * factor;
    }
  } finally {
    await waitAt('in its finally');
  }
}

function* valuesBeside({ value: { inputs, factor } }: Table): Generator<number> {
  for (const input of inputs) yield input * factor;
}

const sumOf = ({ value: { inputs, factor } }: Table): number =>
  inputs.reduce((sum, input) => sum + input * factor, 0);

interface Happening {
  readonly options?: ExecutorOptions;
  readonly timeout?: number;
  /** The name of the error that the stream ends with; none if it goes on to its end. */
  readonly error?: string;
  /** The same of a stream on another worker, and of what is submitted afterwards. */
  readonly beside?: string;
  readonly later?: string;
  /** May return what resolves when all of it has happened. */
  readonly happen: (executor: ProcessPoolExecutor, pid: number, abort: AbortController) => unknown;
}

const die = (_: unknown, pid: number): boolean => process.kill(pid, 'SIGKILL');
const terminated = 'TerminatedWorkerError';
const shut = 'ShutdownExecutorError';

const happenings: Record<string, Happening> = {
  nothing: { happen: () => {} },
  'the death of its worker': { options: { onWorkerCrash: 'isolate' }, error: terminated, happen: die },
  'the death of its worker, with a spare one': {
    options: { onWorkerCrash: 'isolate', spareWorkers: 1 },
    error: terminated,
    happen: die,
  },
  'the death of its worker, which breaks the pool': {
    error: terminated,
    beside: terminated,
    later: terminated,
    happen: die,
  },
  'a timeout': { timeout: TIMEOUT, error: 'TimeoutError', happen: () => {} },
  'an aborted signal': { error: 'CancelledError', happen: (_, __, abort) => abort.abort() },
  'a shutdown': { later: shut, happen: (executor) => executor.shutdown() },
  'a shutdown that kills': {
    error: shut,
    beside: shut,
    later: shut,
    happen: (executor) => executor.shutdown({ killWorkers: true }),
  },
  'the replacement of all workers': { happen: (executor) => executor.recycle() },
};

/** The values until the end, and the name of the error that ends them. */
async function drain(stream: ResultIterator<number>, pause = 0) {
  const values: number[] = [];
  try {
    for await (const value of stream) {
      values.push(value);
      if (pause > 0) await sleepFor(pause);
    }
    return { values, error: undefined };
  } catch (error) {
    return { values, error: (error as Error).name };
  }
}

const errorOf = (promise: PromiseLike<unknown>): Promise<string | undefined> =>
  Promise.resolve(promise).then(
    () => undefined,
    (error: Error) => error.name,
  );

async function errorOfSubmit(executor: ProcessPoolExecutor, table: Table): Promise<string | undefined> {
  return errorOf((async () => expect(await executor.submit(sumOf, table)).toBe(3540))());
}

const generators = { sync: syncValues, async: asyncValues };
const matrix = Object.keys(generators).flatMap((kind) =>
  Object.keys(moments).flatMap((at) => Object.keys(happenings).map((name) => [kind, at, name] as const)),
);

describe.each(matrix)('%s generator, %s: %s', (kind, at, name) => {
  const { options, timeout, error, beside, later, happen } = happenings[name] as Happening;

  test('gives what it must, and so do those beside and after it', async () => {
    cases += 1;
    const path = join(folder, String(cases));
    const gate = { at: at as Moment, reached: `${path}-reached`, opened: `${path}-opened` };
    const executor = newPool({ maxWorkers: 2, stdio: 'ignore', ...options });
    const table = executor.share({ inputs: all, factor: 2 });
    const abort = new AbortController();
    const stream = executor
      .withOptions({ signal: abort.signal, ...(timeout !== undefined && { timeout }) })
      .stream(generators[kind as keyof typeof generators], gate, table);
    const slow = drain(executor.stream(valuesBeside, table), 3);

    const taken: number[] = [];
    while (taken.length < moments[gate.at]) taken.push((await stream.next()).value as number);
    const left = gate.at === 'in its finally' ? errorOf(stream.return?.() as Promise<unknown>) : undefined;
    const pidIn = () => (existsSync(gate.reached) ? readFileSync(gate.reached, 'utf8') : '');
    await waitUntil(() => pidIn().endsWith('\n'), 10_000);

    const happened = Promise.resolve(happen(executor, Number(pidIn()), abort));
    if (error === undefined) writeFileSync(gate.opened, '');
    if (timeout !== undefined) await sleepFor(timeout);
    const rest = await drain(stream);
    const values = [...taken, ...rest.values];
    if (left === undefined) expect(rest.error).toBe(error);
    else expect([await left, rest]).toEqual([error, { values: [], error: undefined }]);
    expect(values).toEqual(doubled.slice(0, values.length));
    if (error === undefined && left === undefined) expect(values).toHaveLength(all.length);

    await happened;
    const other = await slow;
    expect(other.error).toBe(beside);
    expect(other.values).toEqual(doubled.slice(0, other.values.length));
    expect(await errorOfSubmit(executor, table)).toBe(later);
    const { pending, running } = executor.stats();
    expect([pending, running]).toEqual([0, 0]);
  });
});

describe('a shared value is there after all that can happen to a task that uses it', () => {
  const isolating: ExecutorOptions = { onWorkerCrash: 'isolate', crashRetries: 1, stdio: 'ignore' };

  /** Waits for its end the first time, and says what it has got the second time. */
  async function waitOnce(reached: string, table: Table): Promise<number> {
    const { existsSync, writeFileSync } = process.getBuiltinModule('node:fs');
    if (!existsSync(reached)) {
      writeFileSync(reached, `${process.pid}\n`);
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    }
    return table.value.inputs.length;
  }

  const ways: Record<
    string,
    (executor: ProcessPoolExecutor, reached: string, table: Table) => PromiseLike<number>
  > = {
    'as an argument': (executor, reached, table) => executor.submit(waitOnce, reached, table),
    captured: (executor, reached, table) => executor.submit((path: string) => waitOnce(path, table), reached),
    'in a map': async (executor, reached, table) => {
      const counts = await executor.map((path: string) => waitOnce(path, table), [reached]).toArray();
      return counts[0] as number;
    },
    'inside of another one': (executor, reached, table) =>
      executor.submit((path, { value }) => waitOnce(path, value.table), reached, executor.share({ table })),
  };

  test.each(Object.keys(ways).flatMap((way) => [0, 1].map((spareWorkers) => [way, spareWorkers] as const)))(
    'a task that has it %s runs again after a crash, with %d spare workers, though it was disposed',
    async (way, spareWorkers) => {
      const executor = newPool({ maxWorkers: 1, ...isolating, spareWorkers });
      cases += 1;
      const reached = join(folder, String(cases));
      const table = executor.share({ inputs: all, factor: 1 });
      const result = (ways[way] as (typeof ways)[string])(executor, reached, table);
      const pidIn = () => (existsSync(reached) ? readFileSync(reached, 'utf8') : '');
      await waitUntil(() => pidIn().endsWith('\n'), 10_000);
      table[Symbol.dispose]();
      process.kill(Number(pidIn()), 'SIGKILL');
      expect(await result).toBe(all.length);
      expect(await executor.submit(() => 'the next one')).toBe('the next one');
    },
  );

  test.each(['while it is sent', 'while it is used'])(
    'when workers die %s, again and again',
    async (when) => {
      const executor = newPool({ maxWorkers: 2, ...isolating, crashRetries: 100 });
      await executor.prewarm();
      const large = executor.share(Buffer.alloc(30e6, 7));
      const read = (shared: Shared<Buffer>, time: number): Promise<number> =>
        new Promise((resolve) => setTimeout(resolve, time, shared.value.at(-1) as number));
      for (let round = 0; round < 5; round += 1) {
        const futures = Array.from({ length: 6 }, () => executor.submit(read, large, 20));
        if (when === 'while it is used') await Promise.race(futures);
        for (const { pid } of executor.stats().workers) if (pid !== undefined) process.kill(pid, 'SIGKILL');
        expect(await Promise.all(futures)).toEqual(Array(6).fill(7));
      }
    },
  );
});
