/** Where the system does not tell how much memory a process uses, workers run all the same; a moment of that is nothing. */
import { expect, test } from '@jest/globals';
import { scriptFolder } from '../executor/host-script.ts';

const run = scriptFolder();

/** What Node throws without /proc, from the first call on or from the second. */
const preload = (calls: number) =>
  `data:text/javascript,${encodeURIComponent(`
    let left = ${calls};
    const { rss } = process.memoryUsage;
    process.memoryUsage.rss = () => {
      left -= 1;
      if (left >= 0) return rss();
      throw Object.assign(new Error('ENOENT: no such file or directory, uv_resident_set_memory'), { code: 'ENOENT' });
    };`)}`;

const program = (calls: number) => `
  const warnings = [];
  process.on('warning', ({ code, message }) => warnings.push([code, message]));
  const execArgv = ['--import', ${JSON.stringify(preload(calls))}];
  const executor = new ProcessPoolExecutor({ maxWorkers: 2, execArgv, memory: { leakThreshold: 1e6 } });
  await executor.prewarm();
  const wasteful = () => { globalThis.kept = [...(globalThis.kept ?? []), Buffer.alloc(2e6, 1)]; return kept.length; };
  const lengths = [];
  for (let round = 0; round < 3; round += 1) {
    lengths.push(await executor.submit(wasteful));
    await sleep(5);
  }
  say(lengths);
  await executor.shutdown();
  say(warnings);
`;

const quiet = { env: { NODE_NO_WARNINGS: '1' } };

test('there is no protection from leaks, which one warning says', async () => {
  const { code, said } = await run(program(0), quiet).ended;
  const why = expect.stringMatching(
    /cannot be measured here \(ENOENT.*uv_resident_set_memory\).*memory\.limit/,
  );
  expect({ code, said }).toEqual({ code: 0, said: [[1, 2, 3], [['LOKY_MEMORY_UNKNOWN', why]]] });
});

test('a figure that is missing later, as when a task has all descriptors, is passed over', async () => {
  const { code, said } = await run(program(1), quiet).ended;
  expect({ code, said }).toEqual({ code: 0, said: [[1, 2, 3], []] });
});
