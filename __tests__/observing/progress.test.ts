/** `reportProgress` inside a task reaches `onProgress` of its future. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, jest, test } from '@jest/globals';
import { type Future, reportProgress } from 'loky';
import { poolsOfEachTest, sleepFor, square } from '../executor/pools.ts';

const newPool = poolsOfEachTest();

async function reportsOf(future: Future<unknown>): Promise<unknown[]> {
  const reports: unknown[] = [];
  future.onProgress((value) => reports.push(value));
  reports.push(['result', await future.then(() => reports.length)]);
  return reports;
}

test('reports come in their order, before the result, as values that were copied at the call', async () => {
  const executor = newPool();
  const future = executor.submit(async (steps: number) => {
    const state = { step: 0, seen: new Set<number>(), bytes: new Uint8Array(100_000) };
    for (let step = 1; step <= steps; step += 1) {
      state.step = step;
      state.seen.add(step);
      state.bytes.fill(step);
      reportProgress(state);
      state.bytes.fill(255);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }, 3);
  const reports = (await reportsOf(future)) as { step: number; seen: Set<number>; bytes: Uint8Array }[];
  expect(reports.at(-1)).toEqual(['result', 3]);
  expect(
    reports.slice(0, 3).map(({ step, seen, bytes }) => [step, seen.size, bytes[0], bytes.at(-1)]),
  ).toEqual([
    [1, 1, 1, 1],
    [2, 2, 2, 2],
    [3, 3, 3, 3],
  ]);
});

test('a synchronous task reports while it runs, not at its end', async () => {
  const executor = newPool();
  const folder = mkdtempSync(join(tmpdir(), 'loky-progress-'));
  const answer = join(folder, 'answer');
  try {
    const future = executor.submit(
      (file: string, patience: number) => {
        const { existsSync } = process.getBuiltinModule('node:fs');
        reportProgress('begun');
        const end = performance.now() + patience;
        while (!existsSync(file)) if (performance.now() > end) return 'nobody has heard';
        return 'heard';
      },
      answer,
      10_000,
    );
    future.onProgress(() => writeFileSync(answer, ''));
    expect(await future).toBe('heard');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('each future hears its own task only, also of tasks that are sent ahead', async () => {
  const executor = newPool({ maxWorkers: 2 });
  const all = await Promise.all(
    Array.from({ length: 500 }, (_, index) =>
      reportsOf(
        executor.submit((own: number) => {
          reportProgress(own);
          reportProgress(-own);
        }, index + 1),
      ),
    ),
  );
  all.forEach((reports, index) => {
    expect(reports).toEqual([index + 1, -index - 1, ['result', 2]]);
  });
});

test('onProgress gives the future back, takes several callbacks, and none for a future that is done', async () => {
  const executor = newPool();
  const seen: string[] = [];
  const future = executor.submit(() => {
    reportProgress('half');
    return 'whole';
  });
  expect(future.onProgress((value) => seen.push(`one ${value}`))).toBe(future);
  future.onProgress((value) => seen.push(`two ${value}`));
  expect(await future).toBe('whole');
  expect(seen).toEqual(['one half', 'two half']);
  expect(future.onProgress(() => seen.push('late'))).toBe(future);
  expect(() => future.onProgress('no function' as never)).toThrow(/onProgress expects a function, got/);
  expect(seen).toHaveLength(2);
});

test('a callback that throws is reported by a warning and stops nothing', async () => {
  const executor = newPool();
  const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
  try {
    const seen: unknown[] = [];
    const future = executor.submit(() => {
      reportProgress(1);
      reportProgress(2);
    });
    future.onProgress(() => {
      throw new Error('from the callback');
    });
    future.onProgress((value) => seen.push(value));
    await future;
    expect(seen).toEqual([1, 2]);
    expect(warn).toHaveBeenCalledTimes(2);
    expect(warn).toHaveBeenCalledWith(
      expect.stringMatching(/onProgress threw.*from the callback/s),
      expect.objectContaining({ code: 'LOKY_CALLBACK_THREW' }),
    );
  } finally {
    warn.mockRestore();
  }
});

test('what cannot be sent throws where it is reported, and the task may go on', async () => {
  const executor = newPool();
  const future = executor.submit(() => {
    try {
      reportProgress({ promise: Promise.resolve() });
      return 'sent';
    } catch (error) {
      return (error as Error).name;
    }
  });
  expect(await reportsOf(future)).toEqual([['result', 0]]);
  expect(await future).toBe('SerializationError');
});

test('what a task has left behind reports nothing after its result, neither for it nor for the next one', async () => {
  const executor = newPool();
  const first = executor.submit(() => {
    reportProgress('in time');
    const timer = setInterval(() => {
      if (!('somebodyRuns' in globalThis)) return;
      clearInterval(timer);
      reportProgress('too late');
      Object.assign(globalThis, { isReported: true });
    }, 5);
  });
  const second = executor.submit(async () => {
    Object.assign(globalThis, { somebodyRuns: true });
    while (!('isReported' in globalThis)) await new Promise((resolve) => setTimeout(resolve, 5));
    reportProgress('mine');
  });
  const reports = await Promise.all([first, second].map(reportsOf));
  expect(reports).toEqual([
    ['in time', ['result', 1]],
    ['mine', ['result', 1]],
  ]);
});

test('a flood does not hold up the task or the host; the last report before the result arrives', async () => {
  const executor = newPool();
  await executor.prewarm();
  const reports: number[] = [];
  let turns = 0;
  const turning = setInterval(() => {
    turns += 1;
  }, 1);
  const future = executor.submit((count: number) => {
    for (let value = 1; value <= count; value += 1) reportProgress(value);
  }, 200_000);
  await future.onProgress((value) => reports.push(value as number));
  clearInterval(turning);
  expect(turns).toBeGreaterThan(5);
  expect(reports.slice(0, 100)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
  expect(reports.at(-1)).toBe(200_000);
  expect(reports.length).toBeLessThan(50_000);
  expect(reports).toEqual([...reports].sort((a, b) => a - b));
});

test('reports that nobody listens to, inside of map, and outside of a worker do nothing', async () => {
  const executor = newPool();
  const task = (value: number): number => {
    reportProgress(value);
    return value;
  };
  expect(await executor.submit(task, 1)).toBe(1);
  expect(await executor.map(task, [1, 2, 3]).toArray()).toEqual([1, 2, 3]);
  expect(task(4)).toBe(4);
});

test('a future that was cancelled with its worker hears nothing more', async () => {
  const executor = newPool();
  const seen: unknown[] = [];
  const future = executor.submit(async () => {
    for (let value = 0; ; value += 1) {
      reportProgress(value);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  });
  await new Promise<void>((resolve) => {
    future.onProgress((value) => {
      seen.push(value);
      if (value === 3) {
        future.cancel({ kill: true });
        resolve();
      }
    });
  });
  await executor.submit(square, 1);
  expect(seen).toEqual([0, 1, 2, 3]);
});

test('progress of several tasks at a time', async () => {
  const executor = newPool({ maxWorkers: 2 });
  const work = async (name: string): Promise<void> => {
    for (let step = 0; step < 3; step += 1) {
      reportProgress(`${name}${step}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const [a, b] = await Promise.all(['a', 'b'].map((name) => reportsOf(executor.submit(work, name))));
  expect(a).toEqual(['a0', 'a1', 'a2', ['result', 3]]);
  expect(b).toEqual(['b0', 'b1', 'b2', ['result', 3]]);
  expect(await executor.submit(sleepFor, 1)).toBe(1);
});
