/** A worker process that was started and cannot be supervised is not left behind, nor is anything that would keep its host alive. */
import { expect, test } from '@jest/globals';
import { startWorkerProcess } from '../../lib/child/child-process.ts';
import type { ExitReport } from '../../lib/child/exit-report.ts';
import { launchWorker } from '../../lib/child/launch.ts';
import { scriptFolder } from '../executor/host-script.ts';
import { aliveDescendants, waitUntil, waitUntilGone } from '../helpers/processes.ts';

const run = scriptFolder();

test('workers are guarded where the program may not look for the shell', async () => {
  const flag = process.allowedNodeEnvironmentFlags.has('--permission')
    ? '--permission'
    : '--experimental-permission';
  const readable = ['/tmp/*', `${process.cwd()}/*`].map((path) => `--allow-fs-read=${path}`);
  const script = run(
    `
    const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
    await executor.submit((a) => a + 1, 1).then(say, (error) => say(error.message));
    await executor.shutdown();
    `,
    { execArgv: [flag, ...readable, '--allow-child-process'] },
  );
  const clock = setTimeout(() => script.child.kill('SIGKILL'), 8_000);
  const end = await script.ended;
  clearTimeout(clock);
  expect(end).toMatchObject({ code: 0, signal: null, said: [2] });
});

test('a worker that cannot be told how to start is ended', async () => {
  const before = new Set(aliveDescendants().map(({ pid }) => pid));
  let clock: NodeJS.Timeout | undefined;
  const reports: ExitReport[] = [];
  const settings = { body: Buffer.alloc(0), views: [] };
  const start = {
    rank: 0,
    executorId: 1,
    depth: 0,
    settings,
    outputMark: undefined,
    isShared: false,
    leakThreshold: 0,
    leakCheckDelay: 0,
    cwd: undefined,
    preload: [],
    main: undefined,
    cannotBeWritten: 1n,
  };
  const launchSettings = {
    execArgv: [],
    argv: [],
    execPath: process.execPath,
    env: process.env,
    stdio: 'ignore',
  } as const;
  let pids: number[] = [];
  const gone = new Promise<void>((resolve) => {
    const worker = startWorkerProcess(
      { stdio: 'ignore', start, launch: () => launchWorker(launchSettings) },
      {
        onFrame: () => {},
        onOutput: () => {},
        onExit: (report) => reports.push(report),
        onGone: resolve,
      },
    );
    expect(worker.pid).toBeUndefined();
    pids = aliveDescendants().flatMap(({ pid }) => (before.has(pid) ? [] : [pid]));
    clock = setTimeout(resolve, 3_000);
  });
  await gone;
  clearTimeout(clock);
  await waitUntilGone(pids, 3_000);
  // Node hears of an end a moment after the process has gone.
  await waitUntil(() => !process.getActiveResourcesInfo().includes('ProcessWrap'), 20_000);
  expect(reports).toEqual([expect.objectContaining({ pid: undefined })]);
  expect(reports[0]?.startError?.message).toContain('serialize a BigInt');
});
