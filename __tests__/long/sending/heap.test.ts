/** What submits leave behind in the host: nothing, however many functions are made for them. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

const lib = join(import.meta.dirname, '../../../lib/sending/sender.ts');
const esbuild = join(import.meta.dirname, '../../../node_modules/esbuild/bin/esbuild');
const require =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";

const run = promisify(execFile);

/**
 * Each turns `i` into a new function; one object that stays for each would be more than `most` kilobytes. Tables that have
 * grown, and do not shrink again, are up to 1,500 of them, however many functions there are.
 */
const SHAPES = {
  'closures over a constant': { make: '(x) => x + i', count: 50_000, most: 2500 },
  'closures over an object': { make: '(x) => x + box.i', count: 50_000, most: 2500 },
  'functions whose texts never repeat': {
    make: 'new Function("x", "return x + " + performance.now())',
    count: 3000,
    most: 1000,
  },
  'functions that capture nothing': { make: '(x) => x * 2', count: 100_000, most: 2500 },
};

/** In milliseconds. Together they compute for half a minute; beside a file that keeps both processors busy, for minutes. */
const LONG = 300_000;

/** In kilobytes, of a process of its own. */
async function growthOf({ make, count }: { make: string; count: number }, lib: string): Promise<number> {
  const script = `
    const { createSender } = await import(${JSON.stringify(lib)});
    const sender = createSender();
    const run = async (count) => {
      for (let n = 0; n < count; n += 1) {
        const i = n;
        const box = { i };
        sender.prepareCall(${make}, [box.i]).encode();
        if (n % 1000 === 999) { sender.takeRetired(); await new Promise(setImmediate); }
      }
    };
    const used = async () => {
      for (let turn = 0; turn < 4; turn += 1) { gc(); await new Promise(setImmediate); }
      sender.takeRetired();
      return process.memoryUsage().heapUsed;
    };
    await run(6000);
    const before = await used();
    await run(${count});
    console.log(Math.round(((await used()) - before) / 1e3));
  `;
  const flags = ['--expose-gc', '--input-type=module', '--eval', script];
  // Where coverage is measured, V8 keeps what it counts of every function.
  const env = { ...process.env, NODE_V8_COVERAGE: '' };
  const { stdout } = await run(process.execPath, flags, { env });
  return Number(stdout);
}

describe('after many submits, the heap is where it was', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'loky-heap-'));
    const flags = ['--bundle', '--platform=node', '--format=esm', '--log-level=error'];
    execFileSync(esbuild, [lib, `--outfile=${join(folder, 'lib.mjs')}`, `--banner:js=${require}`, ...flags]);
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  const shapes = Object.entries(SHAPES).map(([name, shape]) => ({ name, ...shape }));
  test.concurrent.each(shapes)(
    '$count $name',
    async ({ name, count, most, make }) => {
      const kilobytes = await growthOf({ make, count }, join(folder, 'lib.mjs'));
      process.stdout.write(`after ${count} ${name}, the heap has grown by ${kilobytes} kB\n`);
      expect(kilobytes).toBeLessThan(most); // NaN is no number that is less
    },
    LONG,
  );
});
