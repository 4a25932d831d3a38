/** A pool takes no notice of what a program has made of the global timers: fake ones, or those of jsdom. */
import { expect, test } from '@jest/globals';
import { scriptFolder, WELL } from '../executor/host-script.ts';

const run = scriptFolder();

/** Whatever is not over within seconds is said to hang. */
const USE = `
const real = { setTimeout };
const inTime = (work) => {
  const late = new Promise((resolve) => real.setTimeout(resolve, 3_000, 'hangs').unref());
  return Promise.race([work.catch((error) => error.name), late]);
};
const usePool = async () => {
  const executor = new ProcessPoolExecutor({ maxWorkers: 1, onWorkerCrash: 'isolate' });
  const square = (x) => x * x;
  const forEver = () => { for (;;); };
  say(await inTime(executor.submit(square, 3)));
  say(await inTime(Promise.all([1, 2, 3].map((x) => executor.submit(square, x)))));
  say(await inTime(executor.withOptions({ timeout: 100 }).submit(forEver)));
  say(await inTime(executor.submit(forEver).result({ timeout: 100 })));
  say(await inTime(executor.shutdown({ killWorkers: true }).then(() => 'shut down')));
};
`;
const AS_EVER = [9, [1, 4, 9], 'TimeoutError', 'TimeoutError', 'shut down'];

const notCalled = '() => ({ ref() {}, unref() { return this; } })';

test.each([
  ['setTimeout', notCalled],
  ['setTimeout', '(...call) => Number(real.setTimeout(...call))'],
  ['setInterval', notCalled],
  ['setInterval', '() => 1'],
  ['setImmediate', notCalled],
  ['clearTimeout', '() => { throw new Error("replaced"); }'],
  ['queueMicrotask', '() => {}'],
  ['process.nextTick', '() => {}'],
])('a global %s that is %s', async (name, replacement) => {
  const script = run(`${USE} ${name} = ${replacement}; await usePool(); process.exit();`);
  const clock = setTimeout(() => script.child.kill('SIGKILL'), 18_000);
  const end = await script.ended.finally(() => clearTimeout(clock));
  expect(end).toMatchObject({ ...WELL, said: AS_EVER });
});
