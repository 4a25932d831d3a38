/** Hosts that were started in unusual ways, or have closed what others keep. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { shellGuardian } from '../../lib/watchdog/guardian-script.ts';
import { packageUrl, scriptFolder } from '../executor/host-script.ts';
import { waitUntilGone } from '../helpers/processes.ts';

const run = scriptFolder();
const folder = mkdtempSync(join(tmpdir(), 'loky-odd-hosts-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('one that has closed its stdout does not get the claims of its workers there', async () => {
  const { code, stderr } = await run(`
    import { closeSync } from 'node:fs';
    closeSync(1);
    const executor = new ProcessPoolExecutor({ maxWorkers: 2 });
    const speak = (n) => { if (n % 3 === 0) console.log('out', n); return n; };
    const results = await Promise.allSettled(Array.from({ length: 5_000 }, (_, n) => executor.submit(speak, n)));
    await executor.shutdown();
    process.exitCode = results.every(({ status, value }, n) => status === 'fulfilled' && value === n) ? 7 : 8;
  `).ended;
  expect({ code, stderr }).toEqual({ code: 7, stderr: '' });
});

test('an argument of `node -e` is no main script', () => {
  const argument = join(folder, 'argument.js');
  writeFileSync(argument, "console.log('was run');");
  const program = `import(${JSON.stringify(packageUrl)}).then(async ({ ProcessPoolExecutor }) => {
    const executor = new ProcessPoolExecutor({ maxWorkers: 1, context: 'loky_init_main' });
    console.log(await executor.submit(() => 'the result'));
    await executor.shutdown();
  });`;
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', program, argument], { encoding: 'utf8' });
  expect({ stdout, stderr }).toEqual({ stdout: 'the result\n', stderr: '' });
});

test('the guardian gets none of the variables by which a shell would end at its first line', async () => {
  const script = run(
    `const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
     say(await executor.submit(() => process.pid));
     say(process.pid);
     await sleep(60_000);`,
    { env: { SHELLOPTS: 'errexit:nounset', BASHOPTS: 'failglob' } },
  );
  await script.line((said) => said === script.child.pid);
  const [firstLine = ''] = shellGuardian.split('\n');
  const guardian = readdirSync('/proc').find((name) => {
    try {
      const parent = /^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${name}/status`, 'utf8'))?.[1];
      const isGuardian = readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(firstLine);
      return isGuardian && Number(parent) === script.child.pid;
    } catch {
      return false;
    }
  });
  expect(readFileSync(`/proc/${guardian}/environ`, 'utf8')).toBe('');
  const worker = await script.line<number>();
  script.child.kill('SIGKILL');
  await script.ended;
  await waitUntilGone([worker], 10_000);
});

test.each(['app.js', 'app', '.'])(
  '`node %s` has a main script, and workers of loky_init_main load it',
  (name) => {
    const program = mkdtempSync(join(folder, 'program-'));
    const source = `globalThis.loaded = __filename;
    import(${JSON.stringify(packageUrl)}).then(async ({ ProcessPoolExecutor, workerInfo }) => {
      if (workerInfo() !== undefined) return;
      const executor = new ProcessPoolExecutor({ maxWorkers: 1, context: 'loky_init_main' });
      console.log((await executor.submit(() => globalThis.loaded)) === __filename);
      await executor.shutdown();
    });`;
    for (const file of ['app.js', 'index.js']) writeFileSync(join(program, file), source);
    const { stdout, stderr } = spawnSync(process.execPath, [name], { cwd: program, encoding: 'utf8' });
    expect({ stdout, stderr }).toEqual({ stdout: 'true\n', stderr: '' });
  },
);
