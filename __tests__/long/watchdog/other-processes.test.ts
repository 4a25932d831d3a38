/** What the host reads of /proc while its workers work and end: their own trees, however many processes there are beside. */
import { expect, test } from '@jest/globals';
import { scriptFolder, WELL } from '../../executor/host-script.ts';

const run = scriptFolder();

/** Notes the pids of whose files are read, and that the list of all processes is. */
const WATCHED = `
  import fs from 'node:fs';
  import { syncBuiltinESMExports } from 'node:module';
  const read = new Set();
  for (const name of ['readFileSync', 'readdirSync', 'openSync']) {
    const original = fs[name];
    fs[name] = (path, ...rest) => {
      const [, pid] = /^\\/proc\\/?(\\d*)/.exec(String(path)) ?? [];
      if (pid !== undefined && !/^\\/proc\\/self/.test(path)) read.add(pid === '' ? 'all' : Number(pid));
      return original(path, ...rest);
    };
  }
  syncBuiltinESMExports();
  const workers = new Set([process.pid]);
  const make = (options) => {
    const executor = new ProcessPoolExecutor({ maxWorkers: 1, onWorkerCrash: 'isolate', ...options });
    executor.on('workerStarted', ({ pid }) => workers.add(pid));
    return executor;
  };
  const strangers = () => [...read].filter((pid) => !workers.has(pid));`;

test('when workers crash, are killed, retire, leave, pass a limit', async () => {
  const script = run(`${WATCHED}
    const executor = make({ maxTasksPerWorker: 2, memory: { limit: 300e6 } });
    say((await executor.submit(() => process.exit(1)).exception()).name);
    const stuck = executor.submit(() => new Promise(() => setInterval(() => {}, 1e6)));
    while (!stuck.running()) await sleep(5);
    stuck.cancel({ kill: true });
    for (let left = 4; left > 0; left -= 1) await executor.submit(() => 1);
    const hungry = executor.submit(async () => {
      const kept = [];
      for (;;) {
        kept.push(Buffer.alloc(20e6, 1));
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    });
    say((await hungry.exception()).reason);
    await executor.submit(() => 1);
    await executor.shutdown();
    say(workers.size > 4);
    say(strangers());
  `);
  expect(await script.ended).toMatchObject({
    ...WELL,
    said: ['TerminatedWorkerError', 'memory-limit', true, []],
  });
});

test('nothing while tasks run without a limit, until somebody asks for the figures', async () => {
  const script = run(`${WATCHED}
    const executor = make();
    await executor.prewarm();
    read.clear();
    const rest = () => new Promise((resolve) => setTimeout(resolve, 2_500));
    await executor.submit(rest);
    say([...read]);
    const figures = () => executor.stats().workers.map(({ rss }) => rss > 10e6)[0];
    const task = executor.submit(rest);
    while (!task.running()) await sleep(5);
    say(figures());
    await task;
    say(figures());
    say(strangers());
    await executor.shutdown();
  `);
  expect(await script.ended).toMatchObject({ ...WELL, said: [[], false, true, []] });
});
