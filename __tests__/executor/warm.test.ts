/**
 * Functions that workers have ready before they are called: in all that are there, and in all that come. In programs of
 * their own: a test's modules are none that workers could import.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, test } from '@jest/globals';
import { scriptFolder } from './host-script.ts';
import { poolsOfEachTest } from './pools.ts';

const newPool = poolsOfEachTest();
const run = scriptFolder();
const folder = mkdtempSync(join(tmpdir(), 'loky-warm-'));
afterAll(() => rmSync(folder, { recursive: true }));

const log = (name: string): string => join(folder, `${name}.log`);
const file = (name: string): string => join(folder, `${name}.mjs`);

/** A module that notes which workers load it, and which calls of its function have run. */
function program(name: string, source: string, loading = ''): Promise<readonly unknown[]> {
  const note = (what: string) =>
    `appendFileSync(${JSON.stringify(log(name))}, '${what} ' + process.pid + '\\n');`;
  writeFileSync(log(name), '');
  writeFileSync(
    file(name),
    `import { appendFileSync } from 'node:fs';
     if (process.argv[1].endsWith('worker.cjs')) { ${note('load')} ${loading} }
     export const fn = () => { ${note('run')} return process.pid; };`,
  );
  const head = `import { readFileSync } from 'node:fs';
    import { fn } from ${JSON.stringify(pathToFileURL(file(name)).href)};
    const noted = () => readFileSync(${JSON.stringify(log(name))}, 'utf8').split('\\n').filter(Boolean).sort();
    const until = async (condition) => { while (!condition()) await sleep(5); };`;
  return run(head + source).ended.then(({ code, stderr, said }) => {
    expect([code, stderr]).toEqual([0, '']);
    return said;
  });
}

test('prewarm({ for }) loads the module of a function in all workers, and runs nothing', async () => {
  const said = await program(
    'all',
    `const executor = new ProcessPoolExecutor({ maxWorkers: 2 });
     await executor.prewarm({ for: [fn] });
     const loads = executor.stats().workers.map(({ pid }) => 'load ' + pid).sort();
     say([loads.length, noted().join() === loads.join(), executor.stats().finished]);
     say(loads.includes('load ' + await executor.submit(fn)));
     say(noted().length);
     await executor.shutdown();`,
  );
  expect(said).toEqual([[2, true, 0], true, 3]);
});

test('a worker that is busy has it when it is free, and nobody waits for that', async () => {
  const said = await program(
    'busy',
    `const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
     await executor.prewarm();
     const busy = executor.submit(() => { const end = Date.now() + 500; while (Date.now() < end); });
     await executor.prewarm({ workers: 1, for: [fn] });
     say(noted());
     await busy;
     await until(() => noted().length === 1);
     await executor.shutdown();`,
  );
  expect(said).toEqual([[]]);
});

test('a worker that takes the place of another, and one in reserve, has it before its first task', async () => {
  const said = await program(
    'replaced',
    `const executor = new ProcessPoolExecutor({ maxWorkers: 1, spareWorkers: 1, onWorkerCrash: 'isolate' });
     await executor.prewarm({ for: [fn] });
     await until(() => noted().length === 2);
     await executor.submit(() => process.exit(1)).exception();
     const next = await executor.submit(() => process.pid); // the one in reserve, and another takes its place there
     say(noted().includes('load ' + next));
     await until(() => noted().length === 3);
     say(noted().every((line) => line.startsWith('load')));
     await executor.shutdown();`,
  );
  expect(said).toEqual([true, true]);
});

test('it ends when the workers die, the pool breaks or is shut down while they load', async () => {
  const said = await program(
    'endless',
    `for (const end of ['crash', 'isolate', 'shutdown']) {
       const onWorkerCrash = end === 'isolate' ? 'isolate' : 'break';
       const executor = new ProcessPoolExecutor({ maxWorkers: 1, onWorkerCrash });
       await executor.prewarm();
       const before = noted().length;
       const warm = executor.prewarm({ for: [fn] });
       await until(() => noted().length > before);
       if (end === 'shutdown') await executor.shutdown({ killWorkers: true });
       else process.kill(executor.stats().workers[0].pid, 'SIGKILL');
       say(await warm.then(() => 'done', (error) => error.name));
       await executor.shutdown({ killWorkers: true });
     }`,
    'for (;;);',
  );
  expect(said).toEqual(['TerminatedWorkerError', 'done', 'ShutdownExecutorError']);
});

test('a module that cannot be loaded is the error of the first task, as it is without', async () => {
  const said = await program(
    'bad',
    `const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
     await executor.prewarm({ for: [fn] });
     say((await executor.submit(fn).exception()).message.includes('bad module'));
     await executor.shutdown();`,
    'throw new Error("bad module");',
  );
  expect(said).toEqual([true]);
});

test('wrong options, and a function that cannot be sent, are told at the call', () => {
  const executor = newPool();
  const { stdout } = process;
  expect(() => executor.prewarm({ for: [() => stdout] })).toThrow('cannot send');
  expect(() => executor.prewarm({ for: 5 } as object)).toThrow('for must be an array, got 5');
  expect(() => executor.prewarm({ for: ['resize'] } as object)).toThrow('for[0] must be a function');
  expect(() => executor.prewarm({ workers: 0 })).toThrow(RangeError);
  expect(() => executor.prewarm('2' as never)).toThrow(TypeError);
});
