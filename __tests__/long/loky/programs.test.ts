/** What loky checks by programs: that one without a guard around its main part works, ends, and leaves nothing. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { packageUrl, scriptFolder, WELL } from '../../executor/host-script.ts';
import { aliveDescendants, waitUntilGone } from '../../helpers/processes.ts';
import { checkedPools } from './checked-pools.ts';

const { newPool } = checkedPools();
const run = scriptFolder();
const url = JSON.stringify(packageUrl);

/** Everything at the top level, as one types it. */
const WITHOUT_GUARD = `
  const { getReusableExecutor } = await import(${url});
  const executor = getReusableExecutor({ maxWorkers: 2 });
  const factor = 3;
  function triple(x) { return x * factor; }
  class Box {
    constructor(x = 42) { this.x = x; }
    plus(y) { return this.x + y; }
  }
  const box = new Box();
  const takeAll = (...all) => all.length;
  console.log(JSON.stringify([
    await executor.submit(triple, 14),
    await executor.submit(takeAll, box),
    await executor.submit(takeAll, 1, 2, { a: 0, box }),
    await executor.submit(box.plus.bind(box), 0),
    (await executor.submit((b) => b.plus(1), box)),
  ]));
`;

describe('a program without a guard around its main part', () => {
  test('sends its functions and classes, as a file', async () => {
    expect(await run(WITHOUT_GUARD).ended).toMatchObject({ ...WELL, said: [[42, 1, 3, 42, 43]] });
  });

  test.each(['-e', '--eval'])('sends its functions and classes, given to node %s', (option) => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--input-type=module', option, WITHOUT_GUARD],
      { encoding: 'utf8', timeout: 15_000 },
    );
    expect([status, stdout, stderr]).toEqual([0, '[42,1,3,42,43]\n', '']);
  });

  test('sends its functions and classes, typed into the standard input of node', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-'], {
      input: WITHOUT_GUARD,
      encoding: 'utf8',
      timeout: 15_000,
    });
    expect([status, stdout, stderr]).toEqual([0, '[42,1,3,42,43]\n', '']);
  });

  test("is told by context: 'loky_init_main' that it needs one, and starts no process without end", async () => {
    const { said, code } = await run(`
      const executor = new ProcessPoolExecutor({ maxWorkers: 1, context: 'loky_init_main', stdio: 'ignore' });
      try {
        say(await executor.submit((x) => x + 1, 1));
      } catch (error) {
        say([error.name, error.message]);
        throw error;
      }
    `).ended;
    expect(said).toEqual([
      ['WorkerStartupError', expect.stringContaining('if (workerInfo() === undefined)')],
    ]);
    expect(code).toBe(1);
  });

  test("starts nothing twice by context: 'loky_init_main', also when it catches that error", async () => {
    const { said, code } = await run(`
      const executor = new ProcessPoolExecutor({ maxWorkers: 1, context: 'loky_init_main' });
      say((await executor.submit((x) => x + 1, 1).exception())?.name ?? 'fine');
      await executor.shutdown();
    `).ended;
    expect([said, code]).toEqual([['WorkerStartupError', 'fine'], 0]);
  });
});

test("a program with a guard runs with context: 'loky_init_main', in nested workers too", async () => {
  const { said } = await run(`
    const { workerInfo } = await import(${url});
    export const whoAmI = () => workerInfo()?.depth ?? 0;
    export async function whoIsBelow() {
      const executor = new ProcessPoolExecutor({ maxWorkers: 1, context: 'loky_init_main' });
      const below = await executor.submit(whoAmI);
      await executor.shutdown();
      return [whoAmI(), below];
    }
    if (workerInfo() === undefined) say(await whoIsBelow());
    else if (workerInfo().depth === 1) globalThis.ranAlsoHere = true;
    if (workerInfo() === undefined) {
      const executor = new ProcessPoolExecutor({ maxWorkers: 1, context: 'loky_init_main' });
      say(await executor.submit(whoIsBelow));
      say(await executor.submit(() => globalThis.ranAlsoHere));
      await executor.shutdown();
    }
  `).ended;
  expect(said).toEqual([[0, 1], [1, 2], true]);
});

test('a program that ends without waiting for its map has all of it done first', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'loky-tasks-'));
  try {
    const end = await run(`
      const executor = new ProcessPoolExecutor({ maxWorkers: 4 });
      await executor.submit(() => 42);
      executor.map(async (n, folder) => {
        const { writeFileSync } = await import('node:fs');
        await new Promise((resolve) => setTimeout(resolve, 100));
        writeFileSync(folder + '/' + n, String(n));
      }, [0, 1, 2, 3, 4, 5, 6, 7], Array(8).fill(${JSON.stringify(folder)}));
    `).ended;
    expect(end).toMatchObject({ ...WELL, said: [] });
    const files = readdirSync(folder).sort();
    expect(files).toEqual(['0', '1', '2', '3', '4', '5', '6', '7']);
    expect(files.map((file) => readFileSync(join(folder, file), 'utf8'))).toEqual(files);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a crash in an executor that nobody holds any more is told, and its workers are gone', async () => {
  const script = run(
    `
    const start = () => {
      const executor = new ProcessPoolExecutor({ maxWorkers: 2, stdio: 'ignore' });
      const results = executor.map((x) => x, [0, 1, 2, 3, 4]);
      const crash = executor.submit(async () => {
        await new Promise((resolve) => setTimeout(resolve, 500));
        process.kill(process.pid, 'SIGSEGV');
      });
      return { results, crash, held: new WeakRef(executor) };
    };
    const { results, crash, held } = start();
    for (let turn = 0; turn < 40 && held.deref() !== undefined; turn += 1) { await sleep(5); gc(); }
    say(held.deref() === undefined);
    say(await results.toArray());
    const error = await crash.exception();
    say([error.name, error.signal]);
    setTimeout(() => {}, 3000);
  `,
    { execArgv: ['--expose-gc'] },
  );
  await script.line((said) => Array.isArray(said) && said[1] === 'SIGSEGV');
  const pids = aliveDescendants(script.child.pid).map(({ pid }) => pid);
  await waitUntilGone(pids, 2_500);
  const { said, stderr } = await script.ended;
  expect([said, stderr]).toEqual([[true, [0, 1, 2, 3, 4], ['TerminatedWorkerError', 'SIGSEGV']], '']);
});

test('a task may start a program that reads its standard input', async () => {
  const executor = newPool({ maxWorkers: 2 });
  const statuses = await executor
    .map(async () => {
      const { spawn } = process.getBuiltinModule('node:child_process');
      const child = spawn(
        process.execPath,
        ['-e', 'process.stdin.resume().on("end", () => process.exit(7))'],
        {
          stdio: 'inherit',
        },
      );
      return new Promise<unknown>((resolve) => child.once('exit', resolve));
    }, Array(4).keys())
    .toArray();
  expect(statuses).toEqual([7, 7, 7, 7]);
});

test('the version of the package can be had', () => {
  const { name, version } = createRequire(import.meta.url)('loky/package.json') as Record<string, string>;
  expect([name, version]).toEqual(['loky', expect.stringMatching(/^\d+\.\d+\.\d+/)]);
});
