/** Programs that process.execPath starts again, in place of a worker: none is started without end, and each is told why. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ProcessPoolExecutor } from 'loky';
import { packageUrl, scriptFolder, WELL } from './host-script.ts';
import { rejectionOf } from './pools.ts';

const run = scriptFolder();

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'loky-not-node-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const program = () => join(folder, 'program.sh');
const log = () => join(folder, 'log');
const logged = () => (existsSync(log()) ? readFileSync(log(), 'utf8').trim().split('\n') : []);

function writeProgram(lines: string): void {
  writeFileSync(program(), `#!/bin/sh\n${lines}\n`);
  chmodSync(program(), 0o755);
}

/** The program is this script, which `process.execPath` starts again, as a single executable application does. */
const SELF = `
  import { appendFileSync, writeFileSync, chmodSync } from 'node:fs';
  import { execFileSync } from 'node:child_process';
  import { getReusableExecutor } from ${JSON.stringify(packageUrl)};
  const node = process.execPath;
  const own = process.env.TEST_PROGRAM;
  appendFileSync(process.env.TEST_LOG, process.pid + '\\n');
  if (!process.env.TEST_COPY) {
    writeFileSync(own, '#!/bin/sh\\nTEST_COPY=1 exec ' + node + ' ' + process.argv[1] + ' "$@"\\n');
    chmodSync(own, 0o755);
  }
  process.execPath = own;
  const failureOf = (future) => future.then(() => 'none', ({ name, message }) => name + ': ' + message.split('\\n')[0]);
  const attempt = (action) => { try { return action(); } catch ({ name, message }) { return name + ': ' + message; } };
`;

const self = (source: string, env: Record<string, string> = {}) =>
  run(SELF + source, { env: { TEST_LOG: log(), TEST_PROGRAM: program(), ...env } });

const NO_NODE = expect.stringMatching(
  /^WorkerStartupError: (?:A worker process could not be started: )?\S+program\.sh is not Node\.js: started as a worker, it runs a program of its own; give the path of a Node\.js as the option execPath, or in the environment variable LOKY_EXEC_PATH/,
);

describe('an application that is its own executable', () => {
  test.each(['break', 'isolate'])('is not started again and again (%s)', async (onWorkerCrash) => {
    const script = self(`
      const executor = new ProcessPoolExecutor({ maxWorkers: 2, onWorkerCrash: '${onWorkerCrash}' });
      say(await Promise.all([1, 2].map((n) => failureOf(executor.submit(Math.sqrt, n)))));
      await executor.shutdown();
      say(attempt(() => new ProcessPoolExecutor()));
      say(attempt(() => getReusableExecutor()));
    `);
    const { code, said } = await script.ended;
    expect({ code, said }).toEqual({ code: 0, said: [[NO_NODE, NO_NODE], NO_NODE, NO_NODE] });
    expect(logged().length).toBeLessThanOrEqual(3);
  });

  test('is not started again and again where its environment is dropped on the way', async () => {
    const script = self(`
      const kept = ['TEST_LOG', 'TEST_PROGRAM'].map((name) => name + '="$' + name + '"').join(' ');
      const command = ['exec env -i PATH="$PATH" TEST_COPY=1', kept, node, process.argv[1], '"$@"'].join(' ');
      if (!process.env.TEST_COPY) writeFileSync(own, '#!/bin/sh\\n' + command + '\\n');
      const executor = new ProcessPoolExecutor({ maxWorkers: 2 });
      say(await Promise.all([1, 2].map((n) => failureOf(executor.submit(Math.sqrt, n)))));
      await executor.shutdown();
    `);
    const { code, said } = await script.ended;
    expect({ code, said }).toEqual({ code: 0, said: [[NO_NODE, NO_NODE]] });
    expect(logged().length).toBeLessThanOrEqual(3);
  });

  test('is not waited for, nor left behind, when it survives the error', async () => {
    const script = self(`
      if (process.env.TEST_COPY) {
        attempt(() => new ProcessPoolExecutor());
        setInterval(() => {}, 1_000);
      } else {
        const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
        say(await failureOf(executor.submit(Math.sqrt, 4)));
        await executor.shutdown();
      }
    `);
    const { code, said } = await script.ended;
    expect({ code, said }).toEqual({ code: 0, said: [NO_NODE] });
    const [, copy] = logged();
    expect(() => process.kill(Number(copy), 0)).toThrow('ESRCH');
  }, 20_000);

  const works = `
    const inner = ${JSON.stringify(`
      import { ProcessPoolExecutor } from ${JSON.stringify(packageUrl)};
      const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
      console.log(await executor.submit(Math.sqrt, 49));
      await executor.shutdown();`)};
    say(await executor.submit(Math.sqrt, 16));
    say(await executor.submit(async (url) => {
      const { ProcessPoolExecutor } = await import(url);
      const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
      return executor.submit(Math.sqrt, 36).finally(() => executor.shutdown());
    }, ${JSON.stringify(packageUrl)}));
    say(await executor.submit((inner) => Number(execFileSync(process.execPath, ['--input-type=module', '-e', inner])), inner));
    await executor.shutdown();
  `;

  test('has workers when it says where a Node is; what their tasks start may have workers, too', async () => {
    const script = self(
      `const executor = new ProcessPoolExecutor({ maxWorkers: 1, execPath: node });${works}`,
    );
    expect(await script.ended).toMatchObject({ ...WELL, said: [4, 6, 7] });
    expect(logged()).toHaveLength(1);
  });

  test('also by the environment', async () => {
    const env = { LOKY_EXEC_PATH: process.execPath };
    const script = self(`const executor = new ProcessPoolExecutor({ maxWorkers: 1 });${works}`, env);
    expect(await script.ended).toMatchObject({ ...WELL, said: [4, 6, 7] });
    expect(logged()).toHaveLength(1);
  });
});

test('a module that workers preload may make an executor', async () => {
  const preload = join(folder, 'preload.mjs');
  writeFileSync(
    preload,
    `import { ProcessPoolExecutor } from ${JSON.stringify(packageUrl)}; globalThis.mine = new ProcessPoolExecutor({ maxWorkers: 1 });`,
  );
  const script = run(
    `const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
     say(await executor.submit(() => globalThis.mine.constructor.name));
     await executor.shutdown();`,
    { execArgv: ['--import', preload] },
  );
  expect(await script.ended).toMatchObject({ ...WELL, said: ['ProcessPoolExecutor'] });
});

describe('Electron', () => {
  const ELECTRON = `
    import { resourceTracker } from ${JSON.stringify(packageUrl)};
    Object.defineProperty(process.versions, 'electron', { value: '40.0.0', configurable: true });
    process.execPath = process.env.TEST_PROGRAM;
  `;
  const electron = (source: string) =>
    run(ELECTRON + source, { env: { TEST_LOG: log(), TEST_PROGRAM: program() } });

  test('is asked to be Node, for workers and for helpers', async () => {
    writeProgram(`
      if [ "$ELECTRON_RUN_AS_NODE" != 1 ]; then echo window >> "${log()}"; exit 1; fi
      echo "$1" >> "${log()}"
      exec ${process.execPath} "$@"`);
    const script = electron(`
      const executor = new ProcessPoolExecutor({ maxWorkers: 1, env: { ELECTRON_RUN_AS_NODE: undefined } });
      resourceTracker.register('/nowhere/at/all', 'file');
      say(await executor.submit(Math.sqrt, 16));
      resourceTracker.unregister('/nowhere/at/all', 'file');
      await executor.shutdown();
    `);
    expect(await script.ended).toMatchObject({ ...WELL, said: [4] });
    expect(logged()).toContainEqual(expect.stringMatching(/worker\.cjs$/));
    expect(logged()).not.toContain('window');
  });
});

describe('execPath', () => {
  test.each([
    [
      '/nowhere/node',
      /could not be started: spawn \/nowhere\/node ENOENT \(execPath must be the path of a Node\.js\)/,
    ],
    [tmpdir(), /could not be started: spawn \S+ EACCES \(execPath must be the path of a Node\.js\)/],
    [
      '/bin/true',
      /ended with {EXIT\(0\)} before it was ready for tasks; .*; is \/bin\/true a Node\.js\? \(option execPath\)/,
    ],
  ])('%s is no Node, which the error says', async (execPath, message) => {
    await using executor = new ProcessPoolExecutor({ maxWorkers: 1, execPath });
    expect(await rejectionOf(executor.submit(Math.sqrt, 4))).toMatchObject({
      name: 'WorkerStartupError',
      message: expect.stringMatching(message),
    });
  });

  test('must be a path', () => {
    expect(() => new ProcessPoolExecutor({ execPath: '' })).toThrow(
      new RangeError('execPath must not be empty'),
    );
    expect(() => new ProcessPoolExecutor({ execPath: 5 as never })).toThrow(
      'execPath must be a string, got 5',
    );
  });

  test.each([
    ['pkg', 'an executable made by pkg'],
    ['__nexe', 'an executable made by nexe'],
  ])('is asked for in what %s makes', async (property, kind) => {
    const script = run(`
      const node = process.execPath;
      process.${property} = {};
      try { new ProcessPoolExecutor(); } catch ({ name, message }) { say([name, message]); }
    `);
    const message = expect.stringContaining(
      `is ${kind}, which would run itself again in place of a worker: give`,
    );
    expect(await script.ended).toMatchObject({ ...WELL, said: [['WorkerStartupError', message]] });
  });
});
