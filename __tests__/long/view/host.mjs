/**
 * A program to look at: long and brief tasks, errors, a name that is markup; a crash, a leak and a time that runs out on request.
 * Arguments: port. It says its address, then takes orders line by line.
 */
import { createInterface } from 'node:readline';
import { ProcessPoolExecutor } from 'loky';
import { serveView } from 'loky/view';

const executor = new ProcessPoolExecutor({
  maxWorkers: 2,
  onWorkerCrash: 'isolate',
  stdio: 'ignore',
  memory: { leakThreshold: 20e6, checkDelay: 100, limit: 1e9 },
});
const fleet = () => ({
  queue: 'images',
  machines: [
    {
      host: 'web-1 <b>',
      pid: 7,
      tasksVersion: '1.4.2',
      workers: 8,
      active: 3,
      rss: 5e8,
      reportedAt: Date.now(),
    },
  ],
  jobs: { waiting: 12, active: 3 },
  oldest: { name: 'resize', age: 60_000 },
});
const view = await serveView({ port: Number(process.argv[2]), token: 'browser', allowActions: true, fleet });
const named = (name, options) => executor.withOptions({ name, ...options });

const orders = {
  crash: () =>
    named('render').submit(() => {
      process
        .getBuiltinModule('node:fs')
        .writeSync(2, 'cannot map the page <img src=x onerror="document.title=1">\n');
      process.kill(process.pid, 'SIGSEGV');
      return new Promise(() => {});
    }),
  leak: () =>
    executor
      .map(
        () => {
          globalThis.kept = [...(globalThis.kept ?? []), Buffer.alloc(4e6, 1)];
          return new Promise((resolve) => setTimeout(resolve, 60));
        },
        Array.from({ length: 40 }, (_, n) => n),
      )
      .toArray(),
  hang: () => named('report', { timeout: 300 }).submit(() => new Promise(() => setInterval(() => {}, 1e3))),
  markup: () =>
    named('<img src=x onerror="document.title=1">').submit(() => {
      throw new SyntaxError('<img src=x onerror="document.title=1">');
    }),
  share: () => {
    const shared = new ProcessPoolExecutor({ maxWorkers: 1, tasksPerWorker: 3 });
    const names = ['reads', 'asks', 'waits'];
    const run = (name) =>
      shared.withOptions({ name }).submit(() => new Promise(() => setInterval(() => {}, 1e3)));
    return Promise.all(names.map(run));
  },
  stay: () => named('stays').submit(() => new Promise(() => setInterval(() => {}, 1e3))),
};
createInterface({ input: process.stdin }).on('line', (order) =>
  orders[order]().then(
    () => {},
    () => {},
  ),
);
const repeat = async (run) => {
  for (;;) await run().catch(() => {});
};
void repeat(() => named('resize').submit((ms) => new Promise((resolve) => setTimeout(resolve, ms)), 300));
void repeat(async () => {
  await executor
    .map(
      Math.abs,
      Array.from({ length: 50 }, (_, n) => -n),
    )
    .toArray();
  await new Promise((resolve) => setTimeout(resolve, 100));
});
console.log(view.url);
