/**
 * How much code a call goes through. Until the engine has compiled it, each function on the way costs more than what it
 * does, and users rarely get that far: a call every few milliseconds, a command line, a test run.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { scriptFolder } from '../executor/host-script.ts';

const dist = new URL('../../dist/', import.meta.url);
const run = scriptFolder();

const CALLS = 100;

interface Counted {
  /** Of the built file. */
  readonly url: string;
  readonly functions: readonly { readonly at: number; readonly count: number }[];
}

interface Passed {
  readonly calls: number;
  readonly files: ReadonlySet<string>;
}

/** Counts the calls of this package's own functions in both processes while a warm function is called again and again. */
const PROGRAM = `
const counted = ({ result }) => result
  .filter(({ url }) => url.includes('/dist/'))
  .map(({ url, functions }) => ({
    url,
    functions: functions.map(({ ranges: [{ startOffset, count }] }) => ({ at: startOffset, count })),
  }));
const start = async () => {
  const { Session } = await import('node:inspector/promises');
  const session = globalThis.session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
  await session.post('Profiler.takePreciseCoverage'); // what is counted begins anew
};
const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
const noop = () => undefined;
const take = async () => globalThis.session.post('Profiler.takePreciseCoverage');
for (let count = 0; count < 20; count += 1) await executor.submit(noop);
await executor.submit(start);
await start();
for (let count = 0; count < ${CALLS}; count += 1) await executor.submit(noop);
const host = counted(await take());
const worker = counted(await executor.submit(take));
say({ host, worker });
globalThis.session.disconnect();
await executor.shutdown();
`;

function passed(scripts: readonly Counted[]): Passed {
  const files = new Set<string>();
  let calls = 0;
  for (const { url, functions } of scripts) {
    const path = url.startsWith('file:') ? fileURLToPath(url) : url;
    if (!path.startsWith(fileURLToPath(dist))) continue;
    const text = readFileSync(path, 'utf8');
    const map = new SourceMap(JSON.parse(readFileSync(`${path}.map`, 'utf8')));
    for (const { at, count } of functions) {
      if (count < CALLS) continue; // what is done once, to count
      calls += Math.floor(count / CALLS);
      const before = text.slice(0, at);
      const line = before.split('\n').length - 1;
      const entry = map.findEntry(line, at - (before.lastIndexOf('\n') + 1));
      files.add('originalSource' in entry ? entry.originalSource : path);
    }
  }
  return { calls, files };
}

test('a warm no-op passes few functions of few files, in both processes', async () => {
  const end = await run(PROGRAM).ended;
  expect(end).toMatchObject({ code: 0, stderr: '' });
  const { host, worker } = end.said[0] as { host: Counted[]; worker: Counted[] };
  const [onHost, inWorker] = [passed(host), passed(worker)];
  expect(onHost.calls).toBeGreaterThan(20); // they were counted
  expect(onHost.calls).toBeLessThanOrEqual(63);
  expect(onHost.files.size).toBeLessThanOrEqual(20);
  expect(inWorker.calls).toBeGreaterThan(10);
  expect(inWorker.calls).toBeLessThanOrEqual(33);
}, 60_000);

test('a worker loads no performance hooks where a bare process has none', async () => {
  const { ended } = run(`
const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
say(await executor.submit(() => process.moduleLoadList.includes('NativeModule perf_hooks')));
await executor.shutdown();
`);
  const bare = spawnSync(process.execPath, [
    '-p',
    "process.moduleLoadList.includes('NativeModule perf_hooks')",
  ]);
  expect((await ended).said).toEqual([JSON.parse(bare.stdout.toString())]);
});
