/**
 * Functions whose texts have no end: what both processes keep of them has one, and what was forgotten is sent again.
 * LOKY_LONG_TESTS=1 submits 100,000 texts, else it is 12,000.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';

const library = fileURLToPath(new URL('../../../dist/index.cjs', import.meta.url));
const run = promisify(execFile);
const MINUTES = 60_000;

async function resultOf(program: string, flags: readonly string[] = []): Promise<unknown> {
  const code = `const { ProcessPoolExecutor } = require(${JSON.stringify(library)}); (async () => { ${program} })();`;
  const env = { ...process.env, NODE_V8_COVERAGE: '' };
  const { stdout } = await run(process.execPath, [...flags, '-e', code], { env });
  return JSON.parse(stdout);
}

const isLong = process.env['LOKY_LONG_TESTS'] === '1';
/** More than a worker keeps. */
const COUNT = isLong ? 5000 : 2500;
/** How many texts there are before memory is measured, and how many come then. */
const [FIRST, MORE] = isLong ? [20_000, 80_000] : [6000, 6000];

test(
  'functions that a worker has forgotten do what they did, sent ahead, to other workers, and after a death',
  async () => {
    const program = `
      const make = (i) => new Function('a', 'return a + ' + i);
      const offset = { by: 1 };
      const functions = Array.from({ length: ${COUNT} }, (_, i) => (i % 50 === 0 ? (a) => a + i + offset.by - 1 : make(i)));
      const pool = new ProcessPoolExecutor({ maxWorkers: 2, spareWorkers: 1, onWorkerCrash: 'isolate', crashRetries: 3 });
      const all = (list) => Promise.all(list.map(([fn, a]) => pool.submit(fn, a)));
      const wrong = [];
      const check = (results, first) => results.forEach((value, i) => { if (value !== first(i)) wrong.push([i, value]); });
      check(await all(functions.map((fn) => [fn, 1])), (i) => i + 1);
      check(await all(functions.toReversed().map((fn) => [fn, 2])), (i) => ${COUNT} - 1 - i + 2);
      const doomed = all(functions.map((fn) => [fn, 3]));
      setTimeout(() => { for (const { pid } of pool.stats().workers) process.kill(pid, 'SIGKILL'); }, 100);
      check(await doomed, (i) => i + 3);
      await pool.shutdown();
      console.log(JSON.stringify(wrong));
    `;
    expect(await resultOf(program)).toEqual([]);
  },
  10 * MINUTES,
);

test(
  'memory of the host and of a worker does not grow with the number of texts',
  async () => {
    const program = `
      const pool = new ProcessPoolExecutor({ maxWorkers: 1, execArgv: ['--expose-gc'] });
      const heap = async () => { for (let turn = 0; turn < 6; turn++) { gc(); await new Promise(setImmediate); } return process.memoryUsage().heapUsed; };
      const inWorker = async () => { for (let turn = 0; turn < 6; turn++) { globalThis.gc(); await new Promise(setImmediate); } return process.memoryUsage().heapUsed; };
      let next = 0;
      const submit = async (count) => {
        for (const end = next + count; next < end; ) {
          const batch = Array.from({ length: 500 }, () => new Function('a', 'return a + ' + next++));
          await Promise.all(batch.map((fn) => pool.submit(fn, 1)));
        }
        return [await heap(), await pool.submit(inWorker)];
      };
      await pool.submit(inWorker); // loads what reads a function's file
      const before = await submit(${FIRST});
      const after = await submit(${MORE});
      await pool.shutdown();
      console.log(JSON.stringify(after.map((bytes, at) => Math.round((bytes - before[at]) / 1e3))));
    `;
    const [host, worker] = (await resultOf(program, ['--expose-gc'])) as [number, number];
    // In kilobytes. A compiled text that is kept takes more than one; the heap of a busy process varies by hundreds.
    expect(host).toBeLessThan(MORE / 5);
    expect(worker).toBeLessThan(MORE / 5);
  },
  20 * MINUTES,
);
