/** `taskSignal` and `killGrace`: a task that is to be killed can end by itself first. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Executor, type Future, ProcessPoolExecutor, reportProgress, taskSignal } from 'loky';
import { isRunning, waitUntil, waitUntilGone } from '../helpers/processes.ts';
import { scriptFolder, WELL } from './host-script.ts';
import { pidOfWorker, poolsOfEachTest, rejectionOf, square } from './pools.ts';

const newPool = poolsOfEachTest();
const script = scriptFolder();
/** Longer than any of these tests may take: a task that ends within it has ended by itself. */
const LONG = 120_000;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'loky-grace-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function newFile(): string {
  files += 1;
  return join(folder, `file-${files}`);
}

/** Waits until it is to end, then until it may, and says why in the file. */
async function endInOrder(file: string, permission?: string): Promise<void> {
  const { setTimeout: sleep } = process.getBuiltinModule('node:timers/promises');
  const signal = taskSignal();
  reportProgress('begun');
  await sleep(120_000, undefined, { signal }).catch(() => {});
  const { existsSync, writeFileSync } = process.getBuiltinModule('node:fs');
  do await sleep(20);
  while (permission !== undefined && !existsSync(permission));
  writeFileSync(file, String(signal.reason.name));
}

/** Blocks its thread for good. */
function block(): void {
  taskSignal();
  reportProgress('begun');
  for (;;);
}

/** Resolves when it has said that it has begun. */
async function begun<T>(future: Future<T>): Promise<{ readonly future: Future<T> }> {
  await new Promise<void>((resolve, reject) => {
    future.onProgress(() => resolve());
    future.addDoneCallback(() => reject(new Error('the task ended before it had begun')));
  });
  return { future };
}

const pidIn = (executor: ProcessPoolExecutor): number => executor.stats().workers[0]?.pid as number;
const contentOf = (file: string): string => (existsSync(file) ? readFileSync(file, 'utf8') : '');

/** Each ends the task of `executor` that runs, which is `future`. */
const waysToEnd: Record<
  string,
  {
    readonly name: string;
    readonly view?: (executor: Executor, controller: AbortController) => Executor;
    readonly end: (future: Future<unknown>, controller: AbortController) => unknown;
  }
> = {
  'cancel({ kill: true })': {
    name: 'CancelledError',
    end: (future) => expect(future.cancel({ kill: true })).toBe(true),
  },
  'an aborted signal': {
    name: 'CancelledError',
    view: (executor, { signal }) => executor.withOptions({ signal }),
    end: (_, controller) => controller.abort(),
  },
  'a timeout': {
    name: 'TimeoutError',
    view: (executor) => executor.withOptions({ timeout: 1_500 }),
    end: () => {},
  },
};

describe.each(Object.entries(waysToEnd))('after %s', (_, { name, view, end }) => {
  test('a task ends in order, while its future has failed already, and its worker goes on', async () => {
    const executor = newPool({ killGrace: LONG });
    const file = newFile();
    const permission = newFile();
    const controller = new AbortController();
    const { future } = await begun(
      (view?.(executor, controller) ?? executor).submit(endInOrder, file, permission),
    );
    const pid = pidIn(executor);
    end(future, controller);
    const next = executor.submit(pidOfWorker);
    const error = await rejectionOf(future);
    expect(error).toMatchObject({ name });
    expect(contentOf(file)).toBe('');
    writeFileSync(permission, '');
    expect(await next).toBe(pid);
    expect(contentOf(file)).toBe(name);
  });
});

test('a task that blocks its thread is killed when its grace is over, with what it has started', async () => {
  const executor = newPool({ killGrace: 200 });
  const { future } = await begun(executor.submit(block));
  const pid = pidIn(executor);
  const start = performance.now();
  future.cancel({ kill: true });
  expect(future.cancelled()).toBe(true);
  expect(isRunning(pid)).toBe(true);
  expect(await executor.submit(pidOfWorker)).not.toBe(pid);
  expect(performance.now() - start).toBeGreaterThan(190);
  await waitUntilGone([pid], 5_000);
});

test('without killGrace the worker is killed at once, and withOptions gives a task its own', async () => {
  const executor = newPool();
  const { future: first } = await begun(executor.submit(block));
  const pid = pidIn(executor);
  first.cancel({ kill: true });
  await waitUntilGone([pid], 5_000);
  const file = newFile();
  const { future: second } = await begun(executor.withOptions({ killGrace: LONG }).submit(endInOrder, file));
  second.cancel({ kill: true });
  expect(await executor.submit(square, 3)).toBe(9);
  expect(contentOf(file)).toBe('CancelledError');
});

test('shutdown({ killWorkers: true }) waits for tasks that end in order, and fails their futures at once', async () => {
  const executor = newPool({ maxWorkers: 2, killGrace: LONG });
  const [file, other] = [newFile(), newFile()];
  const futures = await Promise.all([
    begun(executor.submit(endInOrder, file)),
    begun(executor.submit(endInOrder, other)),
  ]);
  const waiting = executor.submit(square, 1);
  const shutdown = executor.shutdown({ killWorkers: true });
  for (const future of [...futures.map((each) => each.future), waiting])
    expect(await rejectionOf(future)).toMatchObject({ name: 'ShutdownExecutorError' });
  expect(contentOf(file)).toBe('');
  await shutdown;
  expect([contentOf(file), contentOf(other)]).toEqual(['ShutdownExecutorError', 'ShutdownExecutorError']);
  expect(executor.stats().workers).toEqual([]);
});

test('shutdown({ killWorkers: true }) kills what does not end', async () => {
  const executor = newPool({ maxWorkers: 2, killGrace: 100 });
  const futures = await Promise.all([begun(executor.submit(block)), begun(executor.submit(block))]);
  await executor.shutdown({ killWorkers: true });
  expect(executor.stats().workers).toEqual([]);
  expect(await rejectionOf(futures[0]?.future as Future<void>)).toMatchObject({
    name: 'ShutdownExecutorError',
  });
});

test('a task that is asked to end may end its process: the pool is not broken', async () => {
  const executor = newPool({ killGrace: LONG });
  const reasons: string[] = [];
  executor.on('workerExited', ({ reason }) => reasons.push(reason));
  const { future } = await begun(
    executor.submit(() => {
      taskSignal().addEventListener('abort', () => process.exit(7));
      reportProgress('begun');
      return new Promise(() => setInterval(() => {}, 1000));
    }),
  );
  future.cancel({ kill: true });
  expect(await executor.submit(square, 3)).toBe(9);
  expect(reasons).toEqual(['cancelled']);
});

test('a rejection to which the abort leads ends the worker before its next task, and breaks no pool', async () => {
  const executor = newPool({ killGrace: LONG, stdio: 'ignore' });
  const { future } = await begun(
    executor.submit(async () => {
      const { setTimeout: sleep } = process.getBuiltinModule('node:timers/promises');
      const signal = taskSignal();
      void sleep(120_000, undefined, { signal }); // nothing catches it
      reportProgress('begun');
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    }),
  );
  const pid = pidIn(executor);
  const next = executor.submit(pidOfWorker);
  future.cancel({ kill: true });
  expect(await next).not.toBe(pid);
});

test('what waits behind the task in its worker runs elsewhere', async () => {
  const executor = newPool({ maxWorkers: 2, killGrace: 1_000 });
  await executor.prewarm();
  const mayBlock = (blocks: boolean): number => {
    if (!blocks) return process.pid;
    for (;;);
  };
  await executor.map(mayBlock, Array(400).fill(false)).toArray(); // they are known to be short
  const futures = Array.from({ length: 200 }, (_, index) => executor.submit(mayBlock, index === 50));
  const blocked = futures[50] as Future<number>;
  await waitUntil(() => blocked.running(), 10_000);
  blocked.cancel({ kill: true });
  const others = await Promise.all(futures.filter((future) => future !== blocked));
  expect(others).toHaveLength(199);
  expect(await rejectionOf(blocked)).toMatchObject({ name: 'CancelledError' });
});

test('a chunk of a map ends with the item that it is at', async () => {
  const executor = newPool({ killGrace: LONG });
  const controller = new AbortController();
  const file = newFile();
  const results = executor.withOptions({ signal: controller.signal }).map(
    async (path) => {
      process.getBuiltinModule('node:fs').appendFileSync(path, '.');
      const { setTimeout: sleep } = process.getBuiltinModule('node:timers/promises');
      await sleep(120_000, undefined, { signal: taskSignal() });
    },
    Array(10).fill(file),
    { chunkSize: 10 },
  );
  const failed = rejectionOf(results.toArray());
  await waitUntil(() => contentOf(file) === '.', 20_000);
  controller.abort();
  expect(await failed).toMatchObject({ name: 'CancelledError' });
  await executor.submit(square, 1);
  expect(contentOf(file)).toBe('.');
});

test('a chunk that sizes itself ends, too, and leaves no claim behind', async () => {
  const executor = newPool({ killGrace: LONG });
  const controller = new AbortController();
  const file = newFile();
  const work = async (path: string): Promise<number> => {
    if (path === '') return process.pid;
    const { writeFileSync } = process.getBuiltinModule('node:fs');
    const signal = taskSignal();
    writeFileSync(path, '.');
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    return 0;
  };
  const short = Array<string>(2_000).fill('');
  const [pid] = await executor.map(work, short, { chunkSize: 'auto' }).toArray();
  const inputs = short.with(1_000, file);
  const results = executor
    .withOptions({ signal: controller.signal })
    .map(work, inputs, { chunkSize: 'auto' });
  const failed = rejectionOf(results.toArray());
  await waitUntil(() => contentOf(file) === '.', 20_000);
  controller.abort();
  expect(await failed).toMatchObject({ name: 'CancelledError' });
  const after = await executor.map(work, short, { chunkSize: 'auto' }).toArray();
  expect(new Set(after)).toEqual(new Set([pid]));
});

test('a task whose modules are still being loaded does not begin', async () => {
  const file = newFile();
  const module = `${newFile()}.mjs`;
  writeFileSync(
    module,
    `await new Promise((resolve) => setTimeout(resolve, 500));
     export const write = (path) => process.getBuiltinModule('node:fs').writeFileSync(path, '');`,
  );
  const end = await script(`
    import { write } from ${JSON.stringify(pathToFileURL(module).href)};
    const executor = new ProcessPoolExecutor({ maxWorkers: 1, killGrace: 60_000 });
    const pid = await executor.submit(() => process.pid);
    const future = executor.submit((path) => write(path), ${JSON.stringify(file)});
    say(future.cancel({ kill: true }));
    say(pid === await executor.submit(() => process.pid));
  `).ended;
  expect(end).toMatchObject({ ...WELL, said: [true, true] });
  expect(existsSync(file)).toBe(false);
});

test('a worker that dies while its task ends, or is killed from outside, is replaced', async () => {
  const executor = newPool({ killGrace: LONG });
  const { future } = await begun(executor.submit(endInOrder, newFile()));
  const pid = pidIn(executor);
  process.kill(pid, 'SIGSTOP'); // it cannot end
  future.cancel({ kill: true });
  process.kill(pid, 'SIGKILL');
  expect(await executor.submit(square, 3)).toBe(9);
});

test('shutdown with killWorkers within the grace of a task does not wait longer than that, and kills the worker', async () => {
  const executor = newPool({ killGrace: LONG, teardown: () => process.exit(3) });
  const exits: (number | undefined)[] = [];
  executor.on('workerExited', ({ exitCode }) => exits.push(exitCode));
  const file = newFile();
  const { future } = await begun(executor.submit(endInOrder, file));
  future.cancel({ kill: true });
  await executor.shutdown({ killWorkers: true });
  expect(contentOf(file)).toBe('CancelledError');
  expect(exits).toEqual([undefined]);
});

test('a plain shutdown waits for a task that ends in order', async () => {
  const executor = newPool({ killGrace: LONG });
  const file = newFile();
  const { future } = await begun(executor.submit(endInOrder, file));
  future.cancel({ kill: true });
  await executor.shutdown();
  expect(contentOf(file)).toBe('CancelledError');
});

test('the program waits for a task that ends in order, and leaves nothing behind when it ends before', async () => {
  const file = newFile();
  const source = `
    import { reportProgress, taskSignal } from ${JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)};
    const executor = new ProcessPoolExecutor({ maxWorkers: 1, killGrace: 60_000 });
    const future = executor.submit(async (file) => {
      const { setTimeout: sleep } = process.getBuiltinModule('node:timers/promises');
      const signal = taskSignal();
      reportProgress('begun');
      await sleep(60_000, undefined, { signal }).catch(() => {});
      await sleep(LATE);
      process.getBuiltinModule('node:fs').writeFileSync(file, 'ended');
    }, ${JSON.stringify(file)});
    await new Promise((resolve) => future.onProgress(resolve));
    future.cancel({ kill: true });
    say(executor.stats().workers.map(({ pid }) => pid));
  `;
  const end = await script(source.replace('LATE', '100')).ended;
  expect(end).toMatchObject(WELL);
  expect(contentOf(file)).toBe('ended');
  const killed = script(`${source.replace('LATE', '60_000')}\nsetTimeout(() => process.exit(0), 50);`);
  const pids = await killed.line<number[]>();
  await killed.ended;
  await waitUntilGone(pids, 10_000);
});

describe('taskSignal', () => {
  test('is an error in words outside of tasks', async () => {
    expect(() => taskSignal()).toThrow('taskSignal() was called outside of a task');
    const executor = newPool({
      initializer: () => {
        try {
          taskSignal();
        } catch (error) {
          process.title = (error as Error).message.slice(0, 20);
        }
      },
    });
    expect(await executor.submit(() => process.title)).toBe('taskSignal() was cal');
  });

  test('is the same signal for one task, another one for the next, and none for what a task has left behind', async () => {
    const executor = newPool();
    const ask = (isNext: boolean) => {
      const kept = globalThis as { before?: AbortSignal; leftBehind?: Promise<string> };
      const signal = taskSignal();
      const answer = [signal === taskSignal(), signal === kept.before, signal.aborted];
      kept.before = signal;
      if (isNext) return kept.leftBehind?.then((said) => [...answer, said]);
      kept.leftBehind = new Promise((resolve) => {
        setTimeout(() => {
          try {
            resolve(String(taskSignal()));
          } catch (error) {
            resolve((error as Error).message.slice(0, 20));
          }
        }, 50);
      });
      return answer;
    };
    expect(await executor.submit(ask, false)).toEqual([true, false, false]);
    expect(await executor.submit(ask, true)).toEqual([true, false, false, 'taskSignal() was cal']);
  });

  test('has a reason of a class of this package', async () => {
    const executor = newPool({ killGrace: LONG });
    const file = newFile();
    const { TimeoutError } = await import('loky');
    const future = executor.withOptions({ timeout: 200 }).submit(async (path: string) => {
      const signal = taskSignal();
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      const { reason } = signal;
      process
        .getBuiltinModule('node:fs')
        .writeFileSync(path, `${reason instanceof TimeoutError} ${reason.message}`);
    }, file);
    const error = (await rejectionOf(future)) as Error;
    expect(error.message).toMatch(
      /ran longer than its timeout of 200 ms; the task was asked to end, and .*within 120000 ms/,
    );
    await executor.submit(square, 1);
    expect(contentOf(file)).toMatch(/^true The task .* ran longer than its timeout of 200 ms/);
  });

  test('ends a program that a task runs by execa', async () => {
    const executor = newPool({ killGrace: LONG });
    const file = newFile();
    const future = executor.submit(async (path: string) => {
      const { execa } = await import('execa');
      const { writeFileSync } = process.getBuiltinModule('node:fs');
      const subprocess = execa(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {
        cancelSignal: taskSignal(),
        reject: false,
      });
      writeFileSync(`${path}.pid`, `${subprocess.pid}\n`);
      const { isCanceled } = await subprocess;
      writeFileSync(path, String(isCanceled));
    }, file);
    await waitUntil(() => contentOf(`${file}.pid`).endsWith('\n'), 30_000);
    future.cancel({ kill: true });
    await executor.submit(square, 1);
    expect(contentOf(file)).toBe('true');
    await waitUntilGone([Number(contentOf(`${file}.pid`))], 5_000);
  });

  test('goes down to the tasks of an executor inside of the task', async () => {
    const executor = newPool({ killGrace: LONG });
    const file = newFile();
    const future = executor.submit(async (path: string) => {
      await using inner = new ProcessPoolExecutor({ maxWorkers: 1, killGrace: 60_000 });
      const nested = inner.withOptions({ signal: taskSignal() }).submit(async (innerPath: string) => {
        const { writeFileSync } = process.getBuiltinModule('node:fs');
        const signal = taskSignal();
        writeFileSync(`${innerPath}.begun`, '');
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        writeFileSync(innerPath, signal.reason.name);
      }, path);
      await nested.exception();
    }, file);
    await waitUntil(() => existsSync(`${file}.begun`), 30_000);
    future.cancel({ kill: true });
    await executor.submit(square, 1);
    expect(contentOf(file)).toBe('CancelledError');
  });
});
