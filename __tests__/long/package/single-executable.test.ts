/**
 * A real single executable application, made as Node's documentation has it: it starts nothing by itself, and works when
 * it is told where a Node is. One executable for all tests: it is 100 MB large, and takes seconds to make.
 */
import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { build, stop } from 'esbuild';

const run = promisify(execFile);
const packageFolder = dirname(fileURLToPath(new URL('../../../package.json', import.meta.url)));
const folder = mkdtempSync(join(tmpdir(), 'loky-sea-'));
const executable = join(folder, process.platform === 'win32' ? 'app.exe' : 'app');
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

/** It says what became of everything that it tried, one line of JSON. */
const APPLICATION = `
const { appendFileSync } = require('node:fs');
const { createHash } = require('node:crypto');
const { ProcessPoolExecutor, resourceTracker } = require('loky');
appendFileSync(process.env.TEST_LOG, process.pid + '\\n');
const factor = 3;
const times = (n) => n * factor;
class Money { constructor(cents) { this.cents = cents; } twice() { return new Money(2 * this.cents); } }
const attempt = async (action) => { try { return await action(); } catch ({ name, message }) { return name + ': ' + message; } };
async function main() {
  const execPath = process.env.TEST_NODE;
  const refusal = await attempt(() => void new ProcessPoolExecutor(execPath ? { execPath } : {}));
  if (refusal !== undefined) return [refusal];
  const executor = new ProcessPoolExecutor({ maxWorkers: 2, execPath });
  resourceTracker.register(process.env.TEST_LOG + '.tmp', 'file');
  const results = await Promise.all([
    () => executor.submit(Math.max, 1, 2),
    () => executor.submit((n) => times(n), 5),
    () => executor.submit((text) => createHash('sha256').update(text).digest('hex').slice(0, 8), 'a'),
    async () => (await executor.submit((money) => money.twice(), new Money(4))) instanceof Money,
    () => executor.submit(() => { throw new RangeError('mine'); }),
    () => executor.map((n) => n * factor, [1, 2]).toArray(),
    () => executor.submit(() => process.execPath),
  ].map(attempt));
  resourceTracker.unregister(process.env.TEST_LOG + '.tmp', 'file');
  await executor.shutdown();
  return results;
}
main().then((said) => console.log(JSON.stringify(said)));
`;

let count = 0;

async function application(env: Record<string, string> = {}): Promise<{ said: unknown; copies: number }> {
  count += 1;
  const log = join(folder, `log-${count}`);
  const { stdout } = await run(executable, { env: { ...process.env, TEST_LOG: log, ...env } });
  return { said: JSON.parse(stdout), copies: readFileSync(log, 'utf8').trim().split('\n').length };
}

beforeAll(async () => {
  const main = join(folder, 'app.cjs');
  const blob = join(folder, 'app.blob');
  await build({
    stdin: { contents: APPLICATION, resolveDir: packageFolder },
    bundle: true,
    platform: 'node',
    outfile: main,
    logLevel: 'error',
  });
  await stop();
  writeFileSync(
    join(folder, 'sea.json'),
    JSON.stringify({ main, output: blob, disableExperimentalSEAWarning: true }),
  );
  await run(process.execPath, ['--experimental-sea-config', join(folder, 'sea.json')]);
  copyFileSync(process.execPath, executable);
  const postject = createRequire(import.meta.url).resolve('postject/dist/cli.js');
  await run(process.execPath, [postject, executable, 'NODE_SEA_BLOB', blob, '--sentinel-fuse', FUSE]);
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const REFUSED = expect.stringMatching(
  /^WorkerStartupError: A worker is a Node\.js process, and .* is a single executable application, .*: give the path of a Node\.js as the option execPath/,
);

test('it starts nothing by itself, and says what to do', async () => {
  expect(await application()).toEqual({ said: [REFUSED], copies: 1 });
  expect(await application({ TEST_NODE: executable })).toEqual({ said: [REFUSED], copies: 1 });
});

test('without the files that its workers run it says which to ship', async () => {
  const message = expect.stringContaining(
    'ship those of node_modules/loky/dist in the folder of your executable',
  );
  expect(await application({ TEST_NODE: process.execPath })).toEqual({ said: [message], copies: 1 });
});

test('with them and the path of a Node it has workers', async () => {
  const dist = join(packageFolder, 'dist');
  for (const file of readdirSync(dist).filter((name) => name.endsWith('.cjs')))
    copyFileSync(join(dist, file), join(folder, file));
  const said = [2, 15, 'ca978112', true, 'RangeError: mine', [3, 6], process.execPath];
  expect(await application({ TEST_NODE: process.execPath })).toEqual({ said, copies: 1 });
  expect(await application({ LOKY_EXEC_PATH: process.execPath })).toEqual({ said, copies: 1 });
});
