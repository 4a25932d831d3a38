/** The host's life: what keeps it alive, how it may end, and that no worker and no handle stays behind. */
import { describe, expect, test } from '@jest/globals';
import { waitUntilGone } from '../helpers/processes.ts';
import { scriptFolder, WELL } from './host-script.ts';

const script = scriptFolder();

/** A worker at work and its pid, said as soon as it is known. */
const BUSY = `
const executor = new ProcessPoolExecutor({ maxWorkers: 2 });
await executor.prewarm();
const busy = executor.submit(() => { for (;;); });
const pids = executor.stats().workers.map(({ pid }) => pid);
say(pids);
`;

describe('a script', () => {
  test('ends by itself when its executor is idle', async () => {
    const end = await script(`
      const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
      say(await executor.submit((x) => x + 1, 1));
    `).ended;
    expect(end).toMatchObject({ ...WELL, said: [2] });
  });

  test('ends by itself after prewarm, however often', async () => {
    const end = await script(`
      const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
      await executor.prewarm();
      await executor.prewarm();
      say('warm');
    `).ended;
    expect(end).toMatchObject({ ...WELL, said: ['warm'] });
  });

  test('ends by itself when its executor is broken', async () => {
    const end = await script(`
      const executor = new ProcessPoolExecutor({ maxWorkers: 2 });
      const futures = [1, 2, 3].map(() => executor.submit(() => process.exit(3)));
      await wait(futures);
      say(futures.map(({ state }) => state));
    `).ended;
    expect(end).toMatchObject({ ...WELL, said: [['finished', 'finished', 'finished']] });
  });

  test('is kept alive by tasks that it does not wait for, to their end', async () => {
    const end = await script(`
      const executor = new ProcessPoolExecutor({ maxWorkers: 2 });
      for (let i = 0; i < 8; i += 1) {
        executor.submit(async (x) => {
          await new Promise((resolve) => setTimeout(resolve, 20));
          return x;
        }, i).addDoneCallback((future) => future.then(say));
      }
    `).ended;
    expect(end).toMatchObject(WELL);
    expect([...end.said].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  test('with shutdown({ wait: false }) at its end still gets its results', async () => {
    const end = await script(`
      const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
      executor.submit(() => 'apple').then(say);
      executor.shutdown({ wait: false });
    `).ended;
    expect(end).toMatchObject({ ...WELL, said: ['apple'] });
  });

  test('is not disturbed by futures that fail while nobody looks', async () => {
    const end = await script(`
      const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
      const fail = () => { throw new Error('unseen'); };
      executor.submit(fail);
      executor.submit((x) => x, process.stdout);
      executor.submit(fail).cancel();
      executor.map(fail, [1, 2, 3]);
      await wait([executor.submit(fail)]);
      for await (const future of asCompleted([executor.submit(fail)])) say(future.state);
      executor.submit(fail).addDoneCallback((future) => say(future.state));
      await executor.submit(fail).result({ timeout: 60_000 }).catch(({ message }) => say(message));
      await executor.submit(fail).exception().then(({ message }) => say(message));
    `).ended;
    expect(end).toMatchObject({ ...WELL, said: ['finished', 'finished', 'unseen', 'unseen'] });
  });

  test('has no handle, timer or listener of the executor after shutdown', async () => {
    const end = await script(`
      const names = ['exit', 'beforeExit', 'SIGINT', 'SIGTERM', 'SIGHUP', 'uncaughtException', 'unhandledRejection', 'warning', 'message'];
      const listeners = () => names.map((name) => process.listenerCount(name));
      const before = listeners();
      const executor = new ProcessPoolExecutor({ maxWorkers: 2, idleTimeout: 3_600_000, taskTimeout: 60_000 });
      await executor.map((x) => x, [1, 2, 3, 4]).toArray();
      await executor.shutdown();
      const used = () => process._getActiveHandles().filter((handle) => handle !== process.stdout && handle !== process.stderr);
      for (let turns = 0; used().length > 0 && turns < 500; turns += 1) await sleep(1);
      say({ handles: used().length, listeners: listeners().join() === before.join() });
    `).ended;
    expect(end).toMatchObject({ ...WELL, said: [{ handles: 0, listeners: true }] });
  });

  test("has no timer of the executor after shutdown, not even an unref'd one", async () => {
    const end = await script(`
      import { createHook } from 'node:async_hooks';
      const timers = new Map();
      createHook({
        init(id, type) {
          if (type === 'Timeout') timers.set(id, new Error().stack.split('\\n').slice(2, 12).join('\\n'));
        },
        destroy: (id) => timers.delete(id),
      }).enable();
      const executor = new ProcessPoolExecutor({ maxWorkers: 2, idleTimeout: 3_600_000, taskTimeout: 60_000 });
      await executor.map((x) => x, [1, 2, 3, 4]).toArray();
      await executor.shutdown();
      for (let turns = 0; timers.size > 0 && turns < 100; turns += 1) await new Promise(setImmediate);
      say([...timers.values()]);
    `).ended;
    expect(end).toMatchObject({ ...WELL, said: [[]] });
  });
});

describe('no worker is left when the host', () => {
  const ends: [string, string, object][] = [
    ['calls process.exit', 'process.exit(5);', { code: 5 }],
    ['throws what nobody catches', "setImmediate(() => { throw new Error('mine'); });", { code: 1 }],
    ['has a rejection that nobody handles', "Promise.reject(new Error('mine'));", { code: 1 }],
    ['is ended by SIGTERM', "process.kill(process.pid, 'SIGTERM');", { signal: 'SIGTERM' }],
    ['is ended by SIGINT', "process.kill(process.pid, 'SIGINT');", { signal: 'SIGINT' }],
    ['is ended by SIGHUP', "process.kill(process.pid, 'SIGHUP');", { signal: 'SIGHUP' }],
    ['is ended by SIGKILL', "process.kill(process.pid, 'SIGKILL');", { signal: 'SIGKILL' }],
    ['aborts', 'process.abort();', { signal: 'SIGABRT' }],
  ];

  test.each(ends)('%s', async (_, ending, expected) => {
    const running = script(`${BUSY} setTimeout(() => { ${ending} }, 20);`);
    const pids = await running.line<number[]>();
    expect(pids).toHaveLength(2);
    expect(await running.ended).toMatchObject(expected);
    await waitUntilGone(pids, 2000);
  });

  test('ends by itself with idle workers', async () => {
    const running = script(`
      const executor = new ProcessPoolExecutor({ maxWorkers: 2 });
      await executor.prewarm();
      say(executor.stats().workers.map(({ pid }) => pid));
    `);
    const pids = await running.line<number[]>();
    expect(await running.ended).toMatchObject(WELL);
    await waitUntilGone(pids, 2000);
  });
});

describe('Ctrl-C', () => {
  test('is for the host to decide about: workers go on', async () => {
    const end = await script(`
      process.on('SIGINT', () => say('interrupted'));
      const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
      const pid = await executor.submit(() => process.pid);
      const future = executor.submit(() => new Promise((resolve) => setTimeout(resolve, 100, 'done')));
      process.kill(process.pid, 'SIGINT');
      process.kill(pid, 'SIGINT');
      say(await future);
      await executor.shutdown();
    `).ended;
    expect(end).toMatchObject({ ...WELL, said: ['interrupted', 'done'] });
  });
});

describe('an executor that nobody holds any more', () => {
  test('finishes what it has, then its workers go', async () => {
    const end = await script(
      `
      let executor = new ProcessPoolExecutor({ maxWorkers: 1 });
      const pid = await executor.submit(() => process.pid);
      const future = executor.submit(() => new Promise((resolve) => setTimeout(resolve, 100, 'done')));
      executor = undefined;
      const isAlive = () => { try { return process.kill(pid, 0); } catch { return false; } };
      for (let turn = 0; turn < 300 && isAlive(); turn += 1) { gc(); await sleep(10); }
      say([await future, isAlive()]);
    `,
      { execArgv: ['--expose-gc'] },
    ).ended;
    expect(end).toMatchObject({ ...WELL, said: [['done', false]] });
  });
});
