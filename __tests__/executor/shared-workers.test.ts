/** tasksPerWorker: several tasks at once in one worker, and what each of them is told. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { type OutputEvent, reportProgress, taskMessages, taskSignal } from 'loky';
import { pidOfWorker, poolsOfEachTest } from './pools.ts';

const newPool = poolsOfEachTest();

declare global {
  var sharedRunning: number | undefined;
  var sharedPeak: number | undefined;
  var sharedKept: Buffer[] | undefined;
}

/** Waits, and returns how many have waited at once in this worker so far. */
async function waitBeside(time: number): Promise<number> {
  globalThis.sharedRunning = (globalThis.sharedRunning ?? 0) + 1;
  globalThis.sharedPeak = Math.max(globalThis.sharedPeak ?? 0, globalThis.sharedRunning);
  await wait(time);
  globalThis.sharedRunning -= 1;
  return globalThis.sharedPeak;
}

async function pidAfterAWhile(): Promise<number> {
  await wait(20);
  return process.pid;
}

/** Never ends by itself. */
async function hang(): Promise<void> {
  const clock = setInterval(() => {}, 1_000);
  await new Promise(() => void clock);
}

async function untilRunning(executor: ReturnType<typeof newPool>, count: number): Promise<void> {
  while (executor.stats().running < count) await wait(5);
}

test('200 waits on two workers run up to fifty at once in each, and have their own results', async () => {
  const executor = newPool({ maxWorkers: 2, tasksPerWorker: 50 });
  const futures = Array.from({ length: 200 }, (_, index) =>
    executor.submit(async (index) => [index, process.pid, await waitBeside(200)] as const, index),
  );
  const results = await Promise.all(futures);
  expect(results.map(([index]) => index)).toEqual(results.map((_, index) => index));
  expect(new Set(results.map(([, pid]) => pid)).size).toBe(2);
  const peaks = results.map(([, , peak]) => peak);
  expect(Math.max(...peaks)).toBeGreaterThan(25);
  expect(Math.max(...peaks)).toBeLessThanOrEqual(50);
});

test('stats name all tasks that a worker runs', async () => {
  const executor = newPool({ tasksPerWorker: 3 });
  for (const name of ['one', 'two', 'three', 'four'])
    executor
      .withOptions({ name })
      .submit(hang)
      .catch(() => {});
  await untilRunning(executor, 3);
  const { pending, running, workers } = executor.stats();
  expect([pending, running, workers[0]?.task, workers[0]?.tasks]).toEqual([
    1,
    3,
    'one',
    ['one', 'two', 'three'],
  ]);
});

test('without the option a worker runs one task at a time', async () => {
  const executor = newPool();
  expect(await Promise.all([1, 2, 3].map(() => executor.submit(waitBeside, 5)))).toEqual([1, 1, 1]);
});

test('map runs its chunks beside each other, each item once and in its order', async () => {
  const executor = newPool({ tasksPerWorker: 4 });
  const double = async (x: number) => {
    await wait(1);
    return 2 * x;
  };
  const inputs = Array.from({ length: 40 }, (_, index) => index);
  const expected = inputs.map((x) => 2 * x);
  expect(await executor.map(double, inputs, { chunkSize: 3 }).toArray()).toEqual(expected);
  expect(await executor.map(double, inputs, { chunkSize: 'auto' }).toArray()).toEqual(expected);
});

test('an error of one task leaves the others alone', async () => {
  const executor = newPool({ tasksPerWorker: 3 });
  const beside = executor.submit(waitBeside, 50);
  const failing = executor.submit(async () => {
    await Promise.resolve();
    throw new RangeError('of one task');
  });
  await expect(failing).rejects.toThrow(new RangeError('of one task'));
  expect(await beside).toBe(1);
});

test('what a task reports is its own progress, also when others report in between', async () => {
  const executor = newPool({ tasksPerWorker: 3 });
  const heard: string[][] = [[], [], []];
  const futures = heard.map((lines, index) =>
    executor
      .submit(async (index) => {
        for (let step = 0; step < 4; step += 1) {
          reportProgress(`${index}.${step}`);
          await wait(20);
        }
      }, index)
      .onProgress((value) => lines.push(String(value))),
  );
  await Promise.all(futures);
  expect(heard).toEqual([0, 1, 2].map((index) => [0, 1, 2, 3].map((step) => `${index}.${step}`)));
});

test('a line of output has a name only if its task ran alone', async () => {
  const executor = newPool({ tasksPerWorker: 2, stdio: 'events' });
  const lines: [string, string | undefined][] = [];
  executor.on('output', ({ line, task }: OutputEvent) => lines.push([line, task]));
  const say = async (text: string, time: number) => {
    await wait(time);
    console.log(text);
  };
  await executor.withOptions({ name: 'first' }).submit(say, 'alone', 0);
  const [second, third] = [
    executor.withOptions({ name: 'second' }).submit(say, 'beside', 300),
    executor.withOptions({ name: 'third' }).submit(say, 'last', 900),
  ];
  await Promise.all([second, third]);
  await executor.shutdown();
  expect(lines).toEqual([
    ['alone', 'first'],
    ['beside', undefined],
    ['last', 'third'],
  ]);
});

describe('the worker ends', () => {
  test('by a task: all that shared it fail, each with its own name', async () => {
    const executor = newPool({ tasksPerWorker: 3, onWorkerCrash: 'isolate' });
    const others = ['one', 'two'].map((name) => executor.withOptions({ name }).submit(hang));
    await untilRunning(executor, 2);
    const guilty = executor.withOptions({ name: 'guilty' }).submit(() => process.exit(3));
    const errors = await Promise.all([...others, guilty].map((future) => future.exception()));
    expect(errors).toMatchObject(
      ['one', 'two', 'guilty'].map((task) => ({ name: 'TerminatedWorkerError', exitCode: 3, task })),
    );
    expect(String(errors[0])).toContain('and 2 others that shared it (tasksPerWorker)');
    expect(await executor.submit(() => 'goes on')).toBe('goes on');
  });

  test('for its memory: all that shared it fail for that reason', async () => {
    const executor = newPool({ tasksPerWorker: 2, onWorkerCrash: 'isolate', memory: { limit: 250e6 } });
    const beside = executor.submit(hang);
    const greedy = executor.submit(async () => {
      const kept = Buffer.alloc(400e6, 1);
      const clock = setInterval(() => {}, 1_000);
      await new Promise(() => void [clock, kept]);
    });
    expect(await beside.exception()).toMatchObject({ reason: 'memory-limit' });
    expect(await greedy.exception()).toMatchObject({ reason: 'memory-limit' });
  });

  test('for a task that is aborted: those with retries run again, and the others fail for that reason', async () => {
    const executor = newPool({ tasksPerWorker: 3, spareWorkers: 1, onWorkerCrash: 'isolate' });
    const again = executor.withOptions({ retries: 1 }).submit(
      async (bad: number | undefined) => {
        await wait(process.pid === bad ? 60_000 : 0);
        return process.pid;
      },
      await executor.submit(pidOfWorker),
    );
    const once = executor.submit(hang);
    once.catch(() => {});
    const controller = new AbortController();
    const aborted = executor.withOptions({ signal: controller.signal, name: 'aborted' }).submit(hang);
    aborted.catch(() => {});
    await untilRunning(executor, 3);
    controller.abort();
    await expect(aborted).rejects.toMatchObject({ name: 'CancelledError' });
    expect(await once.exception()).toMatchObject({ reason: 'shared-worker' });
    expect(String(await once.exception())).toContain('because the task "aborted"');
    expect(await again).toBeGreaterThan(0);
  });

  test('for a task that runs too long, whose clock is its own', async () => {
    const executor = newPool({ tasksPerWorker: 3, onWorkerCrash: 'isolate' });
    const unlimited = executor.withOptions({ retries: 1 }).submit(async () => {
      await wait(900);
      return 'answered';
    });
    const limited = executor.withOptions({ timeout: 300 }).submit(hang);
    expect(await limited.exception()).toMatchObject({ name: 'TimeoutError' });
    expect(await unlimited).toBe('answered');
  });

  test('when its share of tasks is done, and not before all of them are answered', async () => {
    const executor = newPool({ tasksPerWorker: 5, maxTasksPerWorker: 3 });
    const pids = await Promise.all([1, 2, 3, 4, 5, 6].map(() => executor.submit(pidAfterAWhile)));
    const counts = [...new Set(pids)].map((pid) => pids.filter((each) => each === pid).length);
    expect(counts).toEqual([3, 3]);
  });

  test('with its pool: shutdown waits for all that run and wait', async () => {
    const executor = newPool({ tasksPerWorker: 2 });
    const futures = [1, 2, 3].map(() => executor.submit(waitBeside, 50));
    await executor.shutdown();
    expect(futures.map((future) => future.done())).toEqual([true, true, true]);
    expect(await Promise.all(futures)).toEqual([2, 2, 2]);
  });
});

test('a worker that is never without a task is measured all the same, and replaced when it leaks', async () => {
  const executor = newPool({
    tasksPerWorker: 4,
    memory: { leakThreshold: 60e6, checkDelay: 0 },
    idleTimeout: null,
  });
  const recycled: unknown[] = [];
  executor.on('workerRecycled', ({ reason }) => recycled.push(reason));
  const leak = async (time: number) => {
    globalThis.sharedKept = [...(globalThis.sharedKept ?? []), Buffer.alloc(5e6, 1)];
    await wait(time);
  };
  let isOver = false;
  const oneAfterTheOther = async (time: number) => {
    for (let count = 0; count < 30 && !isOver; count += 1) {
      await executor.submit(leak, time);
      isOver ||= recycled.length > 0;
    }
  };
  await Promise.all([61, 83, 97, 113].map(oneAfterTheOther)); // hardly ever all of them are at their end at once
  expect(recycled).toContain('memory-leak');
}, 60_000);

test.each([0, -1, 1.5, Number.POSITIVE_INFINITY, '2'])('tasksPerWorker: %p is refused', (value) => {
  expect(() => newPool({ tasksPerWorker: value as number })).toThrow(/tasksPerWorker must be a whole number/);
});

describe('what needs a worker of its own is refused', () => {
  const shared = { tasksPerWorker: 2 };

  test('killGrace, as an option of the executor and of a view', () => {
    expect(() => newPool({ ...shared, killGrace: 10 })).toThrow(
      new TypeError(
        'killGrace needs tasksPerWorker: 1: a task that shares its worker can be ended only with the worker and with all other tasks of it',
      ),
    );
    const executor = newPool({ ...shared, killGrace: 0 });
    expect(() => executor.withOptions({ killGrace: 10 })).toThrow(/killGrace needs tasksPerWorker: 1/);
    expect(() => executor.withOptions({ killGrace: 0, name: 'view' })).not.toThrow();
    expect(() => newPool({ tasksPerWorker: 1, killGrace: 10 })).not.toThrow();
  });

  test('stream, also of a view', () => {
    const executor = newPool(shared);
    function* values() {
      yield 1;
    }
    for (const each of [executor, executor.withOptions({ name: 'view' })])
      expect(() => each.stream(values)).toThrow(
        new TypeError(
          'stream needs tasksPerWorker: 1: a task that shares its worker does not send its values one by one',
        ),
      );
    expect(executor.stats()).toMatchObject({ pending: 0, running: 0 });
  });

  test('future.send, before the task begins and while it runs, and the task goes on', async () => {
    const executor = newPool(shared);
    const future = executor.submit(waitBeside, 50);
    const refused = new TypeError(
      'future.send needs tasksPerWorker: 1: a task that shares its worker gets no messages',
    );
    expect(() => future.send('early')).toThrow(refused);
    await untilRunning(executor, 1);
    expect(() => future.send('late')).toThrow(refused);
    expect(await future).toBe(1);
    expect(future.send('done')).toBe(false);
  });
});

test('taskMessages ends at once, and each task has a signal of its own that is not aborted', async () => {
  const executor = newPool({ tasksPerWorker: 2 });
  const look = async () => {
    for await (const message of taskMessages()) return message;
    const signal = taskSignal();
    await wait(50);
    const kept = globalThis as { sharedSignals?: Set<AbortSignal> };
    kept.sharedSignals = (kept.sharedSignals ?? new Set()).add(signal);
    await wait(50);
    return [signal === taskSignal(), signal.aborted, kept.sharedSignals.size];
  };
  expect(await Promise.all([executor.submit(look), executor.submit(look)])).toEqual([
    [true, false, 2],
    [true, false, 2],
  ]);
  const late = executor.submit(async () => {
    const host = globalThis as { sharedLate?: Promise<string> };
    host.sharedLate = wait(20).then(() => {
      try {
        return String(taskSignal().aborted);
      } catch (error) {
        return (error as Error).message;
      }
    });
  });
  await late;
  const said = await executor.submit(() => (globalThis as { sharedLate?: Promise<string> }).sharedLate);
  expect(said).toContain('outside of a task');
});

test('recycle lets a worker finish all that it runs, gives it nothing more, and runs its teardown once then', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'loky-shared-'));
  const file = join(folder, 'torn-down');
  const executor = newPool({
    maxWorkers: 1,
    tasksPerWorker: 3,
    teardown() {
      const line = `${process.pid} ${globalThis.sharedRunning}\n`;
      process.getBuiltinModule('node:fs').appendFileSync(file, line);
    },
  });
  const tornDown = () => (existsSync(file) ? readFileSync(file, 'utf8') : '');
  const work = async (time: number) => {
    await waitBeside(time);
    return process.pid;
  };
  const first = [executor.submit(work, 1_000), executor.submit(work, 1_500)];
  await untilRunning(executor, 2);
  const asked = new Promise((resolve) => executor.on('workerRecycled', resolve));
  const recycled = executor.recycle();
  await asked; // its successor is ready
  expect(tornDown()).toBe('');
  const later = await executor.submit(work, 1);
  const [pid, same] = await Promise.all(first);
  expect([same, later === pid]).toEqual([pid, false]);
  await recycled;
  expect(tornDown()).toBe(`${pid} 0\n`);
  await executor.shutdown();
  expect(tornDown()).toBe(`${pid} 0\n${later} 0\n`);
  rmSync(folder, { recursive: true });
});
