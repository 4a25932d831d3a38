/** What an executor holds on to: not its arguments and results, and little for what waits. */
import { describe, expect, test } from '@jest/globals';
import { scriptFolder, WELL } from '../../executor/host-script.ts';

const script = scriptFolder();
const execArgv = ['--expose-gc'];

/** A million takes a minute; a leak of a few bytes a task shows in a fifth of that too. */
const MANY = process.env.LOKY_LONG_TESTS === undefined ? 200_000 : 1_000_000;

describe('an executor', () => {
  test('lets go of functions, arguments, results and futures when a task is done', async () => {
    const end = await script(
      `
      const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
      const refs = {};
      await (async () => {
        const argument = { big: new Array(1000).fill(7) };
        const task = (x) => ({ length: x.big.length });
        const future = executor.submit(task, argument);
        const result = await future;
        const cancelled = executor.submit(task, argument);
        executor.submit(task, argument);
        cancelled.cancel();
        refs.argument = new WeakRef(argument);
        refs.future = new WeakRef(future);
        refs.cancelled = new WeakRef(cancelled);
        refs.result = new WeakRef(result);
        refs.task = new WeakRef(task);
      })();
      await executor.submit(() => 1);
      const held = () => Object.keys(refs).filter((name) => refs[name].deref() !== undefined);
      for (let turn = 0; turn < 100 && held().length > 0; turn += 1) { await sleep(5); gc(); }
      say(held());
    `,
      { execArgv },
    ).ended;
    expect(end).toMatchObject({ ...WELL, said: [[]] });
  });

  test.each([1000, "'auto'"])(
    'keeps nothing of the inputs and results of a map that were given out (chunkSize: %s)',
    async (chunkSize) => {
      const end = await script(
        `
      const executor = new ProcessPoolExecutor({ maxWorkers: 2 });
      function* count() { for (let n = 0; n < 500_000; n += 1) yield n; }
      const held = [];
      let given = 0;
      for await (const _ of executor.map((n) => n, count(), { chunkSize: ${chunkSize} })) {
        given += 1;
        if (given % 200_000 !== 50_000) continue;
        gc();
        held.push(process.memoryUsage().heapUsed);
      }
      say((held.at(-1) - held[0]) / 1e6 < 30);
      await executor.shutdown();
    `,
        { execArgv },
      ).ended;
      expect(end).toMatchObject({ ...WELL, said: [true] });
    },
    60_000,
  );

  test('takes 100,000 tasks at once: all results are right, and the host stays within 120 MB over its first', async () => {
    const end = await script(`
      const executor = new ProcessPoolExecutor({ maxWorkers: 2 });
      const double = (x) => x * 2;
      await executor.submit(double, 1); // what the first closure loads is no task's
      await executor.prewarm();
      const start = process.memoryUsage.rss();
      let peak = 0;
      const watch = setInterval(() => { peak = Math.max(peak, process.memoryUsage.rss()); }, 5);
      const futures = Array.from({ length: 1e5 }, (_, i) => executor.submit(double, i));
      peak = Math.max(peak, process.memoryUsage.rss());
      let wrong = 0;
      for (let i = 0; i < 1e5; i += 1) if ((await futures[i]) !== i * 2) wrong += 1;
      clearInterval(watch);
      say({ wrong, megabytes: Math.round((peak - start) / 1e6) });
      await executor.shutdown();
    `).ended;
    expect(end).toMatchObject({ ...WELL, said: [{ wrong: 0, megabytes: expect.any(Number) }] });
    expect((end.said[0] as { megabytes: number }).megabytes).toBeLessThan(120);
  }, 60_000);

  test('takes a function that is written anew for each submit about as fast as one with a name', async () => {
    const end = await script(`
      const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
      await executor.submit((x) => x * 2, 1);
      const start = process.cpuUsage();
      const futures = Array.from({ length: 5000 }, (_, i) => executor.submit((x) => x * 2, i));
      const { user, system } = process.cpuUsage(start);
      say(Math.round((user + system) / 1e3));
      await Promise.all(futures);
      await executor.shutdown();
    `).ended;
    expect(end).toMatchObject({ ...WELL, said: [expect.any(Number)] });
    expect(end.said[0]).toBeLessThan(1000);
  });

  test(`does not grow over ${MANY} tasks`, async () => {
    const end = await script(
      `
      const executor = new ProcessPoolExecutor({ maxWorkers: 2 });
      const used = () => { gc(); gc(); return process.memoryUsage().heapUsed; };
      const run = async (count) => {
        const inputs = (function* () { for (let i = 0; i < count; i += 1) yield i; })();
        let sum = 0;
        for await (const result of executor.map((x) => x + 1, inputs, { bufferSize: 2000 })) sum += result;
        return sum;
      };
      await run(30_000);
      const before = used();
      const sum = await run(${MANY});
      say({ sum, kilobytes: Math.round((used() - before) / 1e3), pending: executor.stats().pending });
      await executor.shutdown();
    `,
      { execArgv },
    ).ended;
    expect(end).toMatchObject({ ...WELL, said: [{ sum: (MANY * (MANY + 1)) / 2, pending: 0 }] });
    expect((end.said[0] as { kilobytes: number }).kilobytes).toBeLessThan(1000);
  }, 120_000);
});
