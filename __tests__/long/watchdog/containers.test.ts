/**
 * Slim containers: no ps and no other program in PATH, no shell, nothing writable, a full /dev/shm, and a PID 1
 * that reaps nobody. Namespaces make them, which takes root on Linux.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { packageUrl, scriptFolder, WELL } from '../../executor/host-script.ts';
import { aliveDescendants, waitUntil, waitUntilGone } from '../../helpers/processes.ts';

const run = scriptFolder();
const mayUnshare = spawnSync('unshare', ['-m', 'true']).status === 0;
const inNamespaces = mayUnshare ? test : test.skip;

const folder = mkdtempSync(join(tmpdir(), 'loky-container-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Everything that an executor does: short tasks in bursts, a crash, a kill with descendants, a limit, an end. */
const EVERYTHING = `
  import { ProcessPoolExecutor } from ${JSON.stringify(packageUrl)};
  const say = (value) => console.log(JSON.stringify(value));
  const executor = new ProcessPoolExecutor({ maxWorkers: 2, onWorkerCrash: 'isolate', memory: { limit: 400e6 } });
  const results = await Promise.all(Array.from({ length: 2000 }, (_, n) => executor.submit((x) => x + 1, n)));
  say(results.every((result, n) => result === n + 1));
  say((await executor.submit(() => process.exit(3)).exception()).name);
  const spins = executor.submit(async () => {
    const { spawn } = await import('node:child_process');
    const { reportProgress } = await import(${JSON.stringify(packageUrl)});
    const child = spawn(process.execPath, ['-e', 'for (;;);'], { detached: true, stdio: 'ignore' });
    reportProgress(child.pid);
    for (;;);
  });
  await new Promise((resolve) => { spins.onProgress(resolve); });
  say(spins.cancel({ kill: true }));
  const hungry = executor.submit(() => {
    const kept = [];
    for (;;) {
      kept.push(Buffer.alloc(10e6, 1));
      const end = performance.now() + 10;
      while (performance.now() < end);
    }
  });
  say((await hungry.exception()).reason);
  say(await executor.submit(() => 'goes on'));
  await executor.shutdown();`;
const SAID = [true, 'TerminatedWorkerError', true, 'memory-limit', 'goes on'];

let script: string;
beforeAll(() => {
  script = join(folder, 'everything.mjs');
  writeFileSync(script, EVERYTHING);
});

/** Runs it after `prepare` in a mount namespace of its own. */
function runAfter(prepare: string, unshare: readonly string[] = ['-m'], env: Record<string, string> = {}) {
  const command = `set -e; ${prepare}\nexec "$NODE" "$SCRIPT"`;
  const { status, stdout, stderr } = spawnSync('unshare', [...unshare, '/bin/sh', '-c', command], {
    encoding: 'utf8',
    timeout: 30_000,
    env: { ...process.env, NODE: process.execPath, SCRIPT: script, ...env },
  });
  const said = stdout
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);
  return { status, said, stderr };
}

const WORKS = { status: 0, said: SAID, stderr: '' };

test.each([
  ['empty', ''],
  ['of folders that are not there', '/nonexistent'],
])('works with a PATH that is %s: neither ps nor getconf is needed', async (_, PATH) => {
  const { code, signal, stderr, said } = await run(EVERYTHING.replace(/^\s*import .*\n.*const say.*$/m, ''), {
    env: { PATH },
  }).ended;
  expect({ code, signal, stderr, said }).toEqual({ ...WELL, said: SAID });
});

inNamespaces('works with a read-only temporary folder and a read-only /dev/shm', () => {
  const prepare =
    'mount -t tmpfs -o ro tmpfs /dev/shm; mkdir -p "$TMPDIR"; mount -t tmpfs -o ro tmpfs "$TMPDIR"';
  expect(runAfter(prepare, ['-m'], { TMPDIR: join(folder, 'temporary') })).toEqual(WORKS);
});

inNamespaces('works with a /dev/shm that is full: no task that is sent ahead is lost', () => {
  const prepare =
    'mount -t tmpfs -o size=16k tmpfs /dev/shm; head -c 16384 /dev/zero > /dev/shm/full || true';
  expect(runAfter(prepare)).toEqual(WORKS);
});

inNamespaces('works with a /dev/shm that gets full in the middle', () => {
  expect(runAfter('mount -t tmpfs -o size=8k tmpfs /dev/shm')).toEqual(WORKS);
});

inNamespaces('works as PID 1 of a container', () => {
  expect(runAfter('', ['-m', '-p', '-f', '--mount-proc'])).toEqual(WORKS);
});

inNamespaces('works below a PID 1 that reaps nobody', () => {
  const prepare = '"$NODE" "$SCRIPT" & wait $!; exit $?';
  expect(runAfter(prepare, ['-m', '-p', '-f', '--mount-proc'])).toEqual(WORKS);
});

inNamespaces('works without a shell', () => {
  const node = join(folder, 'no-shell.mjs');
  writeFileSync(
    node,
    `import { spawnSync } from 'node:child_process';
     import { existsSync } from 'node:fs';
     for (const file of ['/bin/sh', '/bin/bash', '/bin/dash'])
       if (existsSync(file)) spawnSync('mount', ['--bind', '/dev/null', file]);
     const { status } = spawnSync(process.execPath, [process.env.SCRIPT], { stdio: 'inherit' });
     process.exit(status ?? 9);`,
  );
  const { status, stdout, stderr } = spawnSync('unshare', ['-m', process.execPath, node], {
    encoding: 'utf8',
    timeout: 30_000,
    env: { ...process.env, SCRIPT: script },
  });
  expect({
    status,
    said: stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
    stderr,
  }).toEqual(WORKS);
});

/** The first of them to go is the namespace's PID 1, and the kernel ends the others with it. */
function endOrGone(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

describe('a host that is killed below a PID 1 that reaps nobody', () => {
  inNamespaces('leaves nothing that runs', async () => {
    const host = join(folder, 'host.mjs');
    writeFileSync(
      host,
      `import { ProcessPoolExecutor } from ${JSON.stringify(packageUrl)};
       import { writeSync } from 'node:fs';
       const executor = new ProcessPoolExecutor({ maxWorkers: 2 });
       const spin = () => { writeSync(1, '"begun"\\n'); for (;;); };
       executor.submit(spin); executor.submit(spin);`,
    );
    const outside = run(`
      import { spawn } from 'node:child_process';
      const args = ['-m', '-p', '-f', '--mount-proc', '/bin/sh', '-c', '"$NODE" "$HOST" & sleep 1000; wait'];
      const child = spawn('unshare', args, { stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, NODE: process.execPath, HOST: ${JSON.stringify(host)} } });
      setInterval(() => {}, 1e6);`);
    const find = (text: string) =>
      aliveDescendants(outside.child.pid).filter(({ cmd }) => cmd.includes(text));
    await waitUntil(() => find('worker.cjs').length === 2, 15_000);
    await outside.line((value) => value === 'begun');
    const [program] = find(host).filter(({ cmd }) => cmd.startsWith(process.execPath));
    const pids = [...find('worker.cjs'), ...find('# loky guardian')].map(({ pid }) => pid);
    expect(readFileSync(`/proc/${program?.pid}/status`, 'utf8')).toMatch(/^NSpid:\s+\d+\s+\d+/m);
    process.kill(program?.pid as number, 'SIGKILL');
    await waitUntilGone(pids, 2_000);
    const rest = aliveDescendants(outside.child.pid).map(({ pid }) => pid);
    outside.child.kill('SIGKILL');
    for (const pid of rest) endOrGone(pid);
    await outside.ended;
  });
});
