/** Loading what a task needs is not running: its clock starts when its function is there, and loading has a limit of its own. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from '@jest/globals';
import { scriptFolder } from './host-script.ts';
import { poolsOfEachTest } from './pools.ts';

const folder = mkdtempSync(join(tmpdir(), 'loky-loading-'));
const runScript = scriptFolder();
const newPool = poolsOfEachTest();

afterAll(() => rmSync(folder, { recursive: true }));

/** Longer than the tasks' timeout. */
const LOADS_FOR = 700;
const block = `Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(process.env.LOADS_FOR ?? 0));`;
const inWorker = (what: string): string => `if (process.env.LOADS_FOR) ${what};`;

/** What is slow in them is slow in workers only. */
const modules = {
  'waits.mjs': `await new Promise((resolve) => setTimeout(resolve, Number(process.env.LOADS_FOR ?? 0)));
    export const double = (n) => 2 * n;`,
  'blocks.mjs': `${block}; export const triple = (n) => 3 * n;`,
  'blocks.cjs': `${block}; exports.square = (n) => n * n;`,
  'hangs.mjs': `${inWorker('await new Promise(() => {})')}; export const never = (n) => n;`,
  'dies.mjs': `${inWorker('process.exit(3)')}; export const gone = (n) => n;`,
};
for (const [name, text] of Object.entries(modules)) writeFileSync(join(folder, name), text);
const urlOf = (name: keyof typeof modules): string => pathToFileURL(join(folder, name)).href;

const HEAD = `
  import { double } from ${JSON.stringify(urlOf('waits.mjs'))};
  import { triple } from ${JSON.stringify(urlOf('blocks.mjs'))};
  import blocks from ${JSON.stringify(urlOf('blocks.cjs'))};
  import { never } from ${JSON.stringify(urlOf('hangs.mjs'))};
  import { gone } from ${JSON.stringify(urlOf('dies.mjs'))};
  const { square } = blocks;
  const outcome = (future) => future.then((value) => value, ({ name, message }) => ({ name, message }));
  const newPool = (options) => new ProcessPoolExecutor({
    maxWorkers: 1, onWorkerCrash: 'isolate', stdio: 'ignore', taskTimeout: 400, env: { LOADS_FOR: '${LOADS_FOR}' }, ...options,
  });
`;

async function said(source: string): Promise<readonly unknown[]> {
  const end = await runScript(HEAD + source).ended;
  expect(end).toMatchObject({ code: 0, stderr: '' });
  return end.said;
}

describe('a timeout does not count the loading', () => {
  test('of modules that wait or block, of a function made anew at each submit, of a chunk', async () => {
    const results = await said(`
      const pool = newPool();
      await pool.prewarm();
      for (let n = 1; n <= 3; n += 1) say(await outcome(pool.submit((m) => double(m), n)));
      say(await outcome(pool.submit(triple, 2)));
      say(await outcome(pool.map((m) => square(m), [1, 2, 3], { chunkSize: 3 }).toArray()));
      say(pool.stats().exits);
      await pool.shutdown();
    `);
    expect(results).toEqual([2, 4, 6, 6, [1, 4, 9], {}]);
  });

  test('in a spare worker, whether it was prepared or still prepares', async () => {
    const results = await said(`
      const pool = newPool({ spareWorkers: 1 });
      say(await outcome(pool.submit(triple, 1)));
      while (!pool.stats().workers.some(({ state }) => state === 'spare')) await sleep(5);
      say((await outcome(pool.submit(() => new Promise(() => {})))).name);
      say(await outcome(pool.submit(triple, 2)));
      await pool.shutdown();
      say(pool.stats().exits['timed-out']);
    `);
    expect(results).toEqual([3, 'TimeoutError', 6, 1]);
  });
});

test('the clock runs for what a task does itself, from its start, loading or not', async () => {
  const results = await said(`
    const pool = newPool();
    const late = 'ran longer than its timeout of 400 ms';
    const isLate = async (future) => {
      const found = await outcome(future);
      return found.message?.includes(late) ? 'late' : found;
    };
    say(await isLate(pool.submit((m) => new Promise(() => double(m)), 1)));
    say(await isLate(pool.submit((url) => import(url), ${JSON.stringify(urlOf('waits.mjs'))})));
    say(await isLate(pool.submit(() => { for (;;); })));
    say(await isLate(pool.submit(() => new Promise(() => {}))));
    say(await pool.withOptions({ timeout: 20_000 }).submit((m) => m, 7));
    await pool.shutdown();
  `);
  expect(results).toEqual(['late', 'late', 'late', 'late', 7]);
});

test('loading has startTimeout, and its error names the module', async () => {
  const results = await said(`
    const pool = newPool({ startTimeout: 1500, taskTimeout: undefined });
    say(await outcome(pool.submit((m) => never(m), 1)));
    say(await outcome(pool.submit((m) => m, 2)));
    await pool.shutdown();
    say(pool.stats().exits['timed-out']);
  `);
  const message = expect.stringMatching(/did not start within 1500 ms \(startTimeout\).*hangs\.mjs/);
  expect(results).toEqual([{ name: 'TimeoutError', message }, 2, 1]);
});

test('a death while loading names the module, and stats() and events tell loading from running', async () => {
  const results = await said(`
    const pool = newPool({ taskTimeout: undefined });
    say(await outcome(pool.submit((m) => gone(m), 1)));
    const settled = new Promise((resolve) => pool.once('taskSettled', resolve));
    const future = pool.submit((m) => double(m), 1);
    while (pool.stats().workers.every(({ loading }) => loading === undefined)) await sleep(5);
    const [{ state, loading, task }] = pool.stats().workers;
    say({ state, loading, task, running: future.running(), cancelled: future.cancel() });
    say(await future);
    const { waitTime, runTime } = await settled;
    say({ waited: waitTime >= 600, ran: runTime < 600, loading: pool.stats().workers[0].loading ?? null });
    say(pool.stats().runTime.max < 600);
    await pool.shutdown();
  `);
  expect(results).toEqual([
    {
      name: 'TerminatedWorkerError',
      message: expect.stringMatching(/while it was loading \S*dies\.mjs for/),
    },
    {
      state: 'busy',
      loading: expect.stringContaining('waits.mjs'),
      task: '(anonymous)',
      running: true,
      cancelled: false,
    },
    2,
    { waited: true, ran: true, loading: null },
    true,
  ]);
});

test('a task that loads can be killed, and the next one goes on', async () => {
  const results = await said(`
    const pool = newPool();
    const future = pool.submit((m) => never(m), 1);
    while (pool.stats().workers.every(({ loading }) => loading === undefined)) await sleep(5);
    say(future.cancel({ kill: true }));
    say((await outcome(future)).name);
    say(await outcome(pool.submit((m) => double(m), 2)));
    await pool.shutdown();
    say(pool.stats().exits.cancelled);
  `);
  expect(results).toEqual([true, 'CancelledError', 4, 1]);
});

describe('a promise that nothing in the event loop would settle is waited for', () => {
  const unreferenced: [string, () => Promise<unknown>][] = [
    ['an unref-ed timer', () => new Promise((resolve) => setTimeout(resolve, 50, 'over').unref())],
    [
      'AbortSignal.timeout',
      () =>
        new Promise((resolve) => {
          const signal = AbortSignal.timeout(50);
          signal.addEventListener('abort', () => resolve(signal.aborted && 'over'));
        }),
    ],
    [
      'Atomics.waitAsync',
      () => {
        const cell = new Int32Array(new SharedArrayBuffer(4));
        const waiter = Atomics as unknown as {
          waitAsync(cell: Int32Array, at: number, value: number, ms: number): { value: Promise<string> };
        };
        return waiter.waitAsync(cell, 0, 0, 50).value.then((end) => end === 'timed-out' && 'over');
      },
    ],
    [
      'a signal',
      () =>
        new Promise((resolve) => {
          process.once('SIGUSR2', () => resolve('over'));
          const { spawn } = process.getBuiltinModule('node:child_process');
          spawn('sh', ['-c', 'sleep 0.1; kill -USR2 $0', String(process.pid)], { stdio: 'ignore' }).unref();
        }),
    ],
  ];

  test.each(unreferenced)('%s', async (_, task) => {
    expect(await newPool().submit(task)).toBe('over');
  });
});
