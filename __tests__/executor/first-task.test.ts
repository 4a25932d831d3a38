/** The first task of an executor: the process of its worker is launched before the pool is loaded. */
import { expect, jest, test } from '@jest/globals';
import { dropLaunched } from '../../lib/child/launch.ts';
import { pool } from '../../lib/executor/parts.ts';
import { ProcessPoolExecutor } from '../../lib/index.ts';
import { aliveDescendants, waitUntilGone } from '../helpers/processes.ts';
import { scriptFolder } from './host-script.ts';

const run = scriptFolder();

/** Says when a worker is launched, and when the rest of the package has been loaded. */
const HEAD = `
  import childProcess from 'node:child_process';
  import { createRequire, syncBuiltinESMExports } from 'node:module';
  const isLoaded = () => Object.keys(createRequire(import.meta.url).cache).some((file) => file.endsWith('pool.cjs'));
  const spawn = childProcess.spawn;
  let refusals = 0;
  childProcess.spawn = (command, args, options) => {
    if (!args.some((arg) => arg.endsWith('worker.cjs'))) return spawn(command, args, options);
    say(isLoaded() ? 'launched after' : 'launched before');
    if (refusals > 0) {
      refusals -= 1;
      throw Object.assign(new Error('no more processes'), { code: 'EAGAIN' });
    }
    return spawn(command, args, options);
  };
  syncBuiltinESMExports();
  const add = (a, b) => a + b;
`;

async function said(source: string): Promise<readonly unknown[]> {
  const end = await run(HEAD + source).ended;
  expect(end).toMatchObject({ code: 0, stderr: '' });
  return end.said;
}

test('one process is launched, before the pool is loaded, and runs the task', async () => {
  expect(
    await said(`
      const executor = new ProcessPoolExecutor({ maxWorkers: 2 });
      say(await executor.submit(add, 1, 2));
      say(executor.stats().workers.length);
      await executor.shutdown();
    `),
  ).toEqual(['launched before', 3, 1]);
});

test('a listener may ask for figures while the first worker starts', async () => {
  expect(
    await said(`
      import { channel } from 'node:diagnostics_channel';
      let executor;
      channel('loky:worker:started').subscribe(() => say(executor.stats().workers.length));
      executor = new ProcessPoolExecutor({ maxWorkers: 1 });
      say(await executor.submit(add, 2, 2));
      say(executor.stats().workers.length);
      await executor.shutdown();
    `),
  ).toEqual(['launched before', 1, 4, 1]);
});

test('an executor that is up has its pool before the first task comes', async () => {
  expect(
    await said(`
      const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
      await sleep(50);
      say(await executor.submit(add, 1, 2));
      await executor.shutdown();
    `),
  ).toEqual(['launched after', 3]);
});

test('an executor that is up has what starts a process', async () => {
  const { said } = await run(`
    const isLoaded = () => process.moduleLoadList.includes('NativeModule child_process');
    const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
    say(isLoaded());
    await sleep(50);
    say(isLoaded());
    await executor.shutdown();
  `).ended;
  expect(said).toEqual([false, true]);
});

test.each([
  ['loads what sends closures after a moment', '', true],
  ['does not load it if tasks come that do not need it', 'await executor.submit(Math.max, 1);', false],
  ['does not load it if it is shut down', 'await executor.shutdown();', false],
])('an executor that is up %s', async (_, first, isLoaded) => {
  const { said } = await run(`
    import { createRequire } from 'node:module';
    const { cache } = createRequire(import.meta.url);
    const isLoaded = (name) => Object.keys(cache).some((file) => file.endsWith(name));
    const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
    await sleep(1);
    ${first}
    say(isLoaded('texts.cjs'));
    await sleep(300);
    say(isLoaded('texts.cjs'));
    await executor.shutdown();
  `).ended;
  expect(said).toEqual([false, isLoaded]);
});

test('what no process can be launched for is tried again by the pool, and reported', async () => {
  expect(
    await said(`
      refusals = 1;
      const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
      say(await executor.submit(add, 1, 2));
      await executor.shutdown();
    `),
  ).toEqual(['launched before', 'launched after', 3]);
});

test('an environment for each rank is asked for once for each worker', async () => {
  expect(
    await said(`
      const ranks = [];
      const executor = new ProcessPoolExecutor({ maxWorkers: 1, env: (rank) => (ranks.push(rank), { RANK: String(rank) }) });
      say(await executor.submit(() => process.env.RANK));
      say(ranks);
      await executor.shutdown();
    `),
  ).toEqual(['launched after', '0', [0]]);
});

test('nothing is launched for what is no function, and for an executor without tasks', async () => {
  expect(
    await said(`
      const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
      try { executor.submit('add'); } catch ({ name }) { say(name); }
      await sleep(50);
      await executor.shutdown();
      await new ProcessPoolExecutor({ maxWorkers: 1 }).shutdown();
    `),
  ).toEqual(['TypeError']);
});

test('a process that was launched is ended if there is no pool for it', async () => {
  const before = new Set(aliveDescendants().map(({ pid }) => pid));
  const launched = (): number[] => aliveDescendants().flatMap(({ pid }) => (before.has(pid) ? [] : [pid]));
  let pids: number[] = [];
  const load = jest.spyOn(pool, 'get').mockImplementation(() => {
    pids = launched();
    throw new Error('too many open files');
  });
  const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
  expect(() => executor.submit((n: number) => n, 1)).toThrow('too many open files');
  expect(pids).toHaveLength(1);
  await waitUntilGone(pids, 20_000);
  load.mockRestore();
  expect(await executor.submit((n: number) => n, 1)).toBe(1);
  await executor.shutdown();
});

test('a process that there were no descriptors for is dropped without a signal, which would reach this process', () => {
  const [kill, close] = [jest.fn(), jest.fn()];
  dropLaunched({
    subprocess: { pid: undefined, stdio: undefined, on: () => {}, kill },
    claims: { close },
  } as never);
  expect(kill).not.toHaveBeenCalled();
  expect(close).toHaveBeenCalledTimes(1);
});
