/** `teardown`: what each worker runs before it leaves in order. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { getReusableExecutor, ProcessPoolExecutor } from 'loky';
import { waitUntil } from '../helpers/processes.ts';
import { scriptFolder, WELL } from './host-script.ts';
import { killSelf, pidOfWorker, poolsOfEachTest, rejectionOf, runForEver, square } from './pools.ts';

const newPool = poolsOfEachTest();
const script = scriptFolder();

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'loky-teardown-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
/** A file, and a teardown that takes a while and writes the pid of its worker there. */
function newTeardown(): { readonly file: string; readonly teardown: () => Promise<void> } {
  files += 1;
  const file = join(folder, `file-${files}`);
  return {
    file,
    async teardown() {
      await new Promise((resolve) => setTimeout(resolve, 30));
      process.getBuiltinModule('node:fs').appendFileSync(file, `${process.pid}\n`);
    },
  };
}

const pidsIn = (file: string): number[] =>
  existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1).map(Number) : [];

interface Warning {
  readonly message: string;
  readonly type?: string;
  readonly code?: string;
  readonly detail?: string;
}

/** What is warned of while `run` runs. */
async function warningsOf(run: () => Promise<unknown>): Promise<Warning[]> {
  const warnings: Warning[] = [];
  const spy = jest.spyOn(process, 'emitWarning').mockImplementation((message, options) => {
    warnings.push({ ...(options as object), message: String(message) });
  });
  try {
    await run();
  } finally {
    spy.mockRestore();
  }
  return warnings;
}

test('runs in each worker at shutdown, spare ones too, and shutdown waits for it', async () => {
  const { file, teardown } = newTeardown();
  const executor = newPool({ maxWorkers: 2, spareWorkers: 1, teardown });
  await executor.prewarm();
  await waitUntil(
    () => executor.stats().workers.filter(({ state }) => state === 'spare').length === 1,
    20_000,
  );
  const pids = executor.stats().workers.map(({ pid }) => pid as number);
  expect(pids).toHaveLength(3);
  await executor.shutdown();
  expect(pidsIn(file).sort()).toEqual(pids.sort());
});

test('runs in a worker that has been idle for too long, after its last task', async () => {
  const { file, teardown } = newTeardown();
  const executor = newPool({ idleTimeout: 20, teardown });
  const pid = await executor.submit(pidOfWorker);
  await waitUntil(() => executor.stats().workers.length === 0, 20_000);
  expect(pidsIn(file)).toEqual([pid]);
});

test('runs in a worker that has done its share of tasks, while its successor works', async () => {
  const { file, teardown } = newTeardown();
  const executor = newPool({ maxTasksPerWorker: 1, teardown });
  const first = await executor.submit(pidOfWorker);
  const second = await executor.submit(pidOfWorker);
  expect(second).not.toBe(first);
  await executor.shutdown();
  expect(pidsIn(file)).toEqual([first, second]);
});

test('runs where a reusable executor became smaller, or was replaced', async () => {
  const { file, teardown } = newTeardown();
  const options = { key: 'teardown', teardown };
  const executor = getReusableExecutor({ ...options, maxWorkers: 2 });
  await executor.prewarm();
  getReusableExecutor({ ...options, maxWorkers: 1 });
  await waitUntil(() => pidsIn(file).length === 1, 20_000);
  const replacement = getReusableExecutor({ key: 'teardown', maxWorkers: 1 });
  await executor.shutdown();
  expect(pidsIn(file)).toHaveLength(2);
  await replacement.shutdown();
});

test('can undo what the initializer has done', async () => {
  const { file } = newTeardown();
  const executor = newPool({
    initializer: (path: string) => {
      (globalThis as { opened?: string }).opened = path;
    },
    initArgs: [file],
    teardown: () => {
      const { opened } = globalThis as { opened?: string };
      process.getBuiltinModule('node:fs').appendFileSync(opened as string, `${process.pid}\n`);
    },
  });
  const pid = await executor.submit(pidOfWorker);
  await executor.shutdown();
  expect(pidsIn(file)).toEqual([pid]);
});

test('never runs in a worker that is killed or dies', async () => {
  const { file, teardown } = newTeardown();
  const executor = newPool({ onWorkerCrash: 'isolate', teardown });
  await rejectionOf(executor.submit(killSelf));
  const future = executor.submit(runForEver);
  await waitUntil(() => future.running(), 20_000);
  future.cancel({ kill: true });
  await executor.submit(square, 1);
  await executor.shutdown({ killWorkers: true });
  expect(pidsIn(file)).toEqual([]);
});

test('that fails is one warning with its error, and the workers leave', async () => {
  const executor = newPool({
    maxWorkers: 2,
    teardown: async () => {
      throw new RangeError('the socket was closed');
    },
  });
  await executor.prewarm();
  const warnings = await warningsOf(() => executor.shutdown());
  expect(warnings).toHaveLength(1);
  const [warning] = warnings;
  expect(warning).toMatchObject({ type: 'LokyWarning', code: 'LOKY_TEARDOWN' });
  expect(warning?.message).toBe('The teardown of a worker failed: the socket was closed');
  expect(warning?.detail).toMatch(/^RangeError: the socket was closed\n +at /);
});

test('that does not end is killed when its time is over, with a warning', async () => {
  const executor = newPool({
    teardown: () => new Promise(() => setInterval(() => {}, 1000)),
    teardownTimeout: 100,
  });
  await executor.prewarm();
  const warnings = await warningsOf(() => executor.shutdown());
  expect(warnings).toMatchObject([
    {
      code: 'LOKY_TEARDOWN_TIMEOUT',
      message: expect.stringContaining('did not end within 100 ms (teardownTimeout)'),
    },
  ]);
  expect(executor.stats().workers).toEqual([]);
});

test('that blocks its thread is killed, too', async () => {
  const executor = newPool({
    teardown: () => {
      for (;;);
    },
    teardownTimeout: 100,
  });
  await executor.prewarm();
  const warnings = await warningsOf(() => executor.shutdown());
  expect(warnings).toMatchObject([{ code: 'LOKY_TEARDOWN_TIMEOUT' }]);
});

test.each([
  [
    'throws what nothing catches',
    () =>
      new Promise(() =>
        setTimeout(() => {
          throw new Error('thrown later');
        }, 1),
      ),
    'thrown later',
  ],
  [
    'ends its process by a signal',
    () => process.kill(process.pid, 'SIGKILL'),
    'its process ended with {SIGKILL(-9)}',
  ],
  ['exits with a code', () => process.exit(3), 'its process ended with {EXIT(3)}'],
])('that %s is a warning, and breaks no pool', async (_, teardown, message) => {
  const executor = newPool({ idleTimeout: 20, stdio: 'ignore', teardown });
  await executor.submit(square, 1);
  const warnings = await warningsOf(() => waitUntil(() => executor.stats().workers.length === 0, 20_000));
  expect(warnings).toMatchObject([{ code: 'LOKY_TEARDOWN', message: expect.stringContaining(message) }]);
  expect(await executor.submit(square, 2)).toBe(4);
});

test('that exits without an error has ended', async () => {
  const executor = newPool({ teardown: () => process.exit(0) });
  await executor.submit(square, 1);
  expect(await warningsOf(() => executor.shutdown())).toEqual([]);
});

test('is cut off by shutdown({ killWorkers: true })', async () => {
  const { file, teardown } = newTeardown();
  const slow = async () => {
    await new Promise((resolve) => setTimeout(resolve, 60_000));
    await teardown();
  };
  const executor = newPool({ teardown: slow, teardownTimeout: 120_000 });
  await executor.submit(square, 1);
  const shutdown = executor.shutdown();
  await executor.shutdown({ killWorkers: true });
  await shutdown;
  expect(pidsIn(file)).toEqual([]);
});

test('that cannot be sent is an error of the constructor, and so is a limit without a teardown', () => {
  const { stdout } = process;
  expect(() => new ProcessPoolExecutor({ teardown: () => stdout })).toThrow(
    expect.objectContaining({ name: 'SerializationError' }),
  );
  expect(() => new ProcessPoolExecutor({ teardownTimeout: 5 })).toThrow('teardownTimeout needs a teardown');
});

test('keeps the program alive until it has ended, and nothing is left when the program ends before', async () => {
  const source = (end: string): string => `
    const executor = new ProcessPoolExecutor({
      maxWorkers: 1,
      teardown: () => new Promise((resolve) => setTimeout(resolve, 300)),
    });
    say(await executor.submit(() => process.pid));
    const shutdown = executor.shutdown({ wait: false });
    ${end}
  `;
  const end = await script(source("process.on('exit', () => say(executor.stats().workers.length));")).ended;
  expect(end).toMatchObject(WELL);
  expect(end.said[1]).toBe(0);
  const early = await script(source('process.exit(0);')).ended;
  expect(early).toMatchObject(WELL);
  await waitUntil(() => !existsSync(`/proc/${early.said[0]}`), 10_000);
});
