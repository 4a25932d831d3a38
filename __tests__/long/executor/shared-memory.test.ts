/** The memory of large shared values is given back by both processes: after dispose, and after collection. */
import { expect, test } from '@jest/globals';
import { packageUrl, scriptFolder } from '../../executor/host-script.ts';

const run = scriptFolder();

const SETUP = `
const MB = 1e6;
const executor = new ProcessPoolExecutor({ maxWorkers: 1, idleTimeout: null });
const here = () => { gc(); gc(); return process.memoryUsage.rss() / MB; };
const there = () => executor.submit(() => process.memoryUsage.rss() / 1e6);
const values = {
  buffer: () => Buffer.alloc(100 * MB, 1),
  map: () => new Map(Array.from({ length: 250_000 }, (_, index) => ['key ' + index, { index }])),
};
const use = (shared) => executor.submit((value) => value.value.length ?? value.value.size, shared);
await executor.submit(() => 1);
/** Asks until the memory is back: what is freed beside the main thread takes a while. */
async function isBack(before, measure) {
  for (let tries = 0; tries < 100; tries += 1) {
    if (await measure() < before + 40) return true;
    await sleep(50);
  }
  return [before, await measure()];
}
`;

test.each(['buffer', 'map'])(
  'of a %s that is disposed, or collected, again and again',
  async (name) => {
    const { code, said, stderr } = await run(
      `${SETUP}
      const make = values[${JSON.stringify(name)}];
      const warm = executor.share(make());
      await use(warm);
      warm[Symbol.dispose]();
      await there();
      await sleep(500); // the worker collects when it has nothing to do
      const before = [here(), await there()];
      for (let round = 0; round < 3; round += 1) {
        await (async () => {
          const shared = executor.share(make());
          await use(shared);
          if (round === 0) say(await there() - before[1] > 10);
          if (round !== 1) shared[Symbol.dispose]();
        })();
        say(await isBack(before[0], here));
        say(await isBack(before[1], there));
      }
      await executor.shutdown();`,
      { execArgv: ['--expose-gc'] },
    ).ended;
    expect({ code, said, stderr }).toEqual({ code: 0, said: Array(7).fill(true), stderr: '' });
  },
  120_000,
);

test.each([
  ['an argument', '(shared) => executor.submit((value) => value.value.length, shared)'],
  [
    'a message',
    `(shared) => {
      const future = executor.submit(async () => {
        reportProgress('runs');
        return (await taskMessages().next()).value.value.length;
      });
      future.onProgress(() => future.send(shared));
      return future;
    }`,
  ],
])(
  'a value that is larger than the threshold of leaks is none, whatever brings it: %s',
  async (_, send) => {
    const { code, said, stderr } = await run(`
    import { reportProgress, taskMessages } from ${JSON.stringify(packageUrl)};
    const executor = new ProcessPoolExecutor({ maxWorkers: 1, memory: { leakThreshold: 60e6, checkDelay: 1 } });
    const pid = () => process.pid;
    const send = ${send};
    const first = await executor.submit(pid);
    const shared = executor.share(Buffer.alloc(150e6, 1));
    for (let task = 0; task < 10; task += 1) {
      await send(shared);
      await sleep(110);
    }
    say(await executor.submit(pid) === first);
    shared[Symbol.dispose]();
    for (let task = 0; task < 5; task += 1) {
      await executor.submit(pid);
      await sleep(110);
    }
    say(await executor.submit(pid) === first);
    await executor.shutdown();
  `).ended;
    expect({ code, said, stderr }).toEqual({ code: 0, said: [true, true], stderr: '' });
  },
  60_000,
);
