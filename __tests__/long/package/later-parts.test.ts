/** What the package loads late, in a moment in which no file can be opened. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const root = fileURLToPath(new URL('../../../dist/index.cjs', import.meta.url));

/** Opens all descriptors that are left, runs `meanwhile`, and closes them again. */
const program = (meanwhile: string): string => `
const fs = require('node:fs');
const loky = require(${JSON.stringify(root)});
// What Node itself would load in that moment.
for (const name of ['child_process', 'net', 'v8', 'vm', 'inspector', 'perf_hooks']) require('node:' + name);
const open = [];
try { for (;;) open.push(fs.openSync('/dev/null')); } catch (error) { if (error.code !== 'EMFILE') throw error; }
const offset = { by: 41 };
let pool, futures = [];
try { ${meanwhile} } finally { for (const each of open) fs.closeSync(each); }
pool ??= new loky.ProcessPoolExecutor({ maxWorkers: 1 });
futures.push(pool.submit((n) => { if (n > 1) throw new loky.CancelledError('no'); return n + offset.by; }, 1));
futures.push(pool.submit(() => new Map([[offset, offset]])));
Promise.all(futures)
  .then(async ([first, map]) => {
    const [[key, value]] = map;
    const own = await pool.submit(() => { throw Object.assign(new Error('mine'), { cause: new Map() }); }).catch((error) => error);
    console.log(JSON.stringify([first, key === value, own instanceof Error, own.cause instanceof Map]));
    await pool.shutdown();
    const files = Object.keys(require.cache).filter((file) => file.includes('dist'));
    console.log(new Set(files).size === files.length);
  });
`;

test('the first closure works in a moment in which no file can be opened, and so does the next', () => {
  const source = `
const fs = require('node:fs');
const loky = require(${JSON.stringify(root)});
const pool = new loky.ProcessPoolExecutor({ maxWorkers: 1 });
const offset = { by: 41 };
pool.prewarm().then(async () => {
  const open = [];
  try { for (;;) open.push(fs.openSync('/dev/null')); } catch (error) { if (error.code !== 'EMFILE') throw error; }
  const first = pool.submit((n) => n + offset.by, 1);
  for (const each of open) fs.closeSync(each);
  console.log(await first, await pool.submit((n) => n + offset.by, 2));
  await pool.shutdown();
});`;
  const { stdout, stderr } = spawnSync('prlimit', ['--nofile=64:64', process.execPath, '-e', source], {
    encoding: 'utf8',
  });
  expect({ stdout, stderr }).toEqual({ stdout: '42 43\n', stderr: '' });
});

test.each([
  ['the first executor is made', 'pool = new loky.ProcessPoolExecutor({ maxWorkers: 1 });'],
  [
    'a closure is submitted',
    'pool = new loky.ProcessPoolExecutor({ maxWorkers: 1 }); pool.submit(() => offset.by);',
  ],
])('every part is there and there is one of each, though no file could be opened when %s', (_, meanwhile) => {
  const limited = [
    '--nofile=64:64',
    process.execPath,
    '--disable-warning=LOKY_WORKER_SHORTAGE',
    '-e',
    program(meanwhile),
  ];
  const { stdout, stderr } = spawnSync('prlimit', limited, { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(stdout).toBe('[42,true,true,true]\ntrue\n');
});
