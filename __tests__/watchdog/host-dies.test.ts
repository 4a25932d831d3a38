/** However a program ends, nothing that its executors had started is left two seconds later. */
import { describe, expect, test } from '@jest/globals';
import { readProcessTable } from '../../lib/watchdog/processes.ts';
import { packageUrl, type Script, scriptFolder } from '../executor/host-script.ts';
import { aliveDescendants, waitUntil, waitUntilGone } from '../helpers/processes.ts';

const run = scriptFolder();

/** Tasks that say when they have begun, on the descriptor that all processes of the program share. */
const TASKS = `
  import { spawn } from 'node:child_process';
  import { writeSync } from 'node:fs';
  const begin = (name) => writeSync(1, JSON.stringify(name) + '\\n');
  const stay = () => new Promise(() => setInterval(() => {}, 1e6));
  const spin = (name) => { begin(name); for (;;); };
  const rest = (name) => { begin(name); return stay(); };
  const startGrandchild = (detached) =>
    void spawn('/bin/sh', ['-c', 'while :; do :; done', 'loky-grandchild'], { detached, stdio: 'ignore' });
  const executor = new ProcessPoolExecutor({ maxWorkers: 2 });`;

/** What goes on in a program, and how it says that it does. */
const LIVES: Record<string, { source: string; says: readonly string[] }> = {
  'idle workers': { source: `await executor.prewarm(2); begin('ready');`, says: ['ready'] },
  'workers that spin': {
    source: `executor.submit(spin, 'one'); executor.submit(spin, 'two');`,
    says: ['one', 'two'],
  },
  'workers that wait': {
    source: `executor.submit(rest, 'one'); executor.submit(rest, 'two');`,
    says: ['one', 'two'],
  },
  'a spinning worker with a spinning grandchild': {
    source: `executor.submit(() => { startGrandchild(false); spin('one'); });`,
    says: ['one'],
  },
  'a waiting worker with a grandchild in a session of its own': {
    source: `executor.submit(() => { startGrandchild(true); return rest('one'); });`,
    says: ['one'],
  },
  'an idle worker whose task left a grandchild behind': {
    source: `await executor.submit(() => startGrandchild(true)); begin('ready');`,
    says: ['ready'],
  },
  'a nested executor, spinning below a worker that spins': {
    source: `executor.submit(async (url) => {
      const { ProcessPoolExecutor } = await import(url);
      const nested = new ProcessPoolExecutor({ maxWorkers: 1 });
      await nested.prewarm();
      nested.submit(spin, 'below');
      await new Promise((resolve) => setTimeout(resolve, 100));
      spin('above');
    }, ${JSON.stringify(packageUrl)});`,
    says: ['below', 'above'],
  },
  'workers that are just being started': {
    source: `executor.prewarm(2); setTimeout(begin, 30, 'ready');`,
    says: ['ready'],
  },
  'the resource tracker in use': {
    source: `
      const { resourceTracker } = await import(${JSON.stringify(packageUrl)});
      const path = (await import('node:os')).tmpdir() + '/loky-nothing-' + process.pid;
      resourceTracker.register(path, 'file');
      executor.submit(spin, 'one');`,
    says: ['one'],
  },
};

async function start(name: string, more = ''): Promise<Script> {
  const { source, says } = LIVES[name] as (typeof LIVES)[string];
  const script = run(`${TASKS}\n${source}\n${more}\nsetInterval(() => {}, 1e6);`);
  for (const line of says) await script.line((value) => value === line);
  if (source.includes('startGrandchild'))
    await waitUntil(() => find(script, 'loky-grandchild').length > 0, 20_000);
  return script;
}

const everything = (script: Script): number[] => aliveDescendants(script.child.pid).map(({ pid }) => pid);
const find = (script: Script, text: string): number[] =>
  aliveDescendants(script.child.pid)
    .filter(({ cmd }) => cmd.includes(text))
    .map(({ pid }) => pid);

describe('a program that is killed by SIGKILL takes along', () => {
  test.each(Object.keys(LIVES))('%s', async (name) => {
    const script = await start(name);
    const pids = everything(script);
    expect(pids.length).toBeGreaterThan(1);
    script.child.kill('SIGKILL');
    await waitUntilGone(pids, 2_000);
    await script.ended;
  });

  test('everything, also when the guardian was killed first and has been started again', async () => {
    const script = await start('a spinning worker with a spinning grandchild');
    const [first] = find(script, '# loky guardian');
    process.kill(first as number, 'SIGKILL');
    await waitUntil(() => find(script, '# loky guardian').some((pid) => pid !== first), 20_000);
    const pids = everything(script);
    script.child.kill('SIGKILL');
    await waitUntilGone(pids, 2_000);
    await script.ended;
  });

  test('a daemon that a task started, which has left its session and lost its parent', async () => {
    const script = run(`
      const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
      say(await executor.submit(() => {
        const { execFileSync } = process.getBuiltinModule('node:child_process');
        return Number(execFileSync('/bin/sh', ['-c', 'setsid sleep 2718 > /dev/null 2>&1 & echo $!'], { encoding: 'utf8' }));
      }));
      setInterval(() => {}, 1e6);`);
    const daemon = await script.line<number>();
    const hasLeft = () => readProcessTable()?.get(daemon)?.session === daemon;
    await waitUntil(hasLeft, 20_000);
    script.child.kill('SIGKILL');
    await waitUntilGone([daemon], 2_000);
    await script.ended;
  });

  test('everything, also when a task has stopped the guardian', async () => {
    const script = await start('a spinning worker with a spinning grandchild');
    const [guardian] = find(script, '# loky guardian');
    process.kill(guardian as number, 'SIGSTOP');
    const state = () => readProcessTable()?.get(guardian as number)?.state;
    await waitUntil(() => state() === 'T', 20_000);
    await waitUntil(() => state() !== 'T', 20_000);
    const pids = everything(script);
    script.child.kill('SIGKILL');
    await waitUntilGone(pids, 2_000);
    await script.ended;
  });

  test('everything, also when it is killed at the moment when it has started another guardian', async () => {
    const script = await start(
      'a spinning worker with a spinning grandchild',
      `await new Promise(setImmediate); // the first guardian is started in the turn after its first worker
       const { default: childProcess } = await import('node:child_process');
       const spawnIt = childProcess.spawn;
       childProcess.spawn = (...args) => {
         spawnIt(...args);
         process.kill(process.pid, 'SIGKILL');
       };
       (await import('node:module')).syncBuiltinESMExports();
       say('patched');`,
    );
    await script.line((value) => value === 'patched');
    const pids = everything(script);
    const [first] = find(script, '# loky guardian');
    process.kill(first as number, 'SIGKILL');
    expect((await script.ended).signal).toBe('SIGKILL');
    await waitUntilGone(pids, 2_000);
  });
});

describe('a program with a spinning worker, a nested executor and grandchildren takes all along', () => {
  const name = 'a nested executor, spinning below a worker that spins';
  const more = (end: string) => `process.on('SIGUSR2', () => { ${end} });`;

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('when it is ended by %s', async (signal) => {
    const script = await start(name);
    const pids = everything(script);
    script.child.kill(signal);
    await waitUntilGone(pids, 2_000);
    expect((await script.ended).signal).toBe(signal);
  });

  test.each([
    ['process.exit', 'process.exit(7)', 7],
    ['an uncaught exception', 'throw new Error("thrown on purpose")', 1],
    ['an unhandled rejection', 'Promise.reject(new Error("rejected on purpose"))', 1],
  ])('when it ends by %s', async (_, end, code) => {
    const script = await start(name, more(end));
    const pids = everything(script);
    script.child.kill('SIGUSR2');
    expect((await script.ended).code).toBe(code);
    await waitUntilGone(pids, 2_000);
  });
});

test('Ctrl-C at the terminal is for the program to decide about: its workers go on', async () => {
  const script = run(`${TASKS}
    process.on('SIGINT', async () => {
      say(await executor.submit(() => 'still there'));
      say(await running);
      await executor.shutdown();
      process.exit(0);
    });
    const running = executor.submit(async () => {
      begin('begun');
      await new Promise((resolve) => setTimeout(resolve, 500));
      return 'finished';
    });`);
  await script.line((value) => value === 'begun');
  for (const pid of everything(script)) process.kill(pid, 'SIGINT');
  script.child.kill('SIGINT');
  const { code, said, stderr } = await script.ended;
  expect({ code, said, stderr }).toEqual({ code: 0, said: ['begun', 'still there', 'finished'], stderr: '' });
});
