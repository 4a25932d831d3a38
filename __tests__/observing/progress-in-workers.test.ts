/** How `reportProgress` works inside of a worker: what it needs, and what it does when there are too many reports. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { reportProgress } from 'loky';
import type { Payload } from '../../lib/sending/common/payload.ts';
import { createProgress } from '../../workers/progress.ts';
import { poolsOfEachTest } from '../executor/pools.ts';
import { runProgram } from '../long/examples/run-program.ts';

const newPool = poolsOfEachTest();

describe('the worker needs nothing but itself for it', () => {
  const scripts = `
    const scripts = () => {
      const { Session } = process.getBuiltinModule('node:inspector');
      const session = new Session();
      const urls = [];
      session.connect();
      session.on('Debugger.scriptParsed', ({ params }) => urls.push(params.url));
      session.post('Debugger.enable');
      session.disconnect();
      return urls.filter((url) => url.includes('/dist/') && !url.endsWith('/dist/worker.cjs'));
    };
    const task = async (step) => { tell({ step, rank: workerInfo().rank }); return scripts(); };
    const seen = [];
    const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
    executor.submit(task, 1).onProgress((value) => seen.push(value)).then(async (loaded) => {
      console.log(JSON.stringify({ loaded, seen }));
      await executor.shutdown();
    });`;

  test.each([
    [
      'an ES module',
      'mjs',
      `import { ProcessPoolExecutor, reportProgress as tell, workerInfo } from 'loky';`,
    ],
    ['CommonJS', 'cjs', `const { ProcessPoolExecutor, reportProgress: tell, workerInfo } = require('loky');`],
  ])('for an inline closure of %s', async (_, extension, head) => {
    mkdirSync('out', { recursive: true });
    const folder = mkdtempSync('out/progress-');
    try {
      const file = `${folder}/program.${extension}`;
      writeFileSync(file, head + scripts);
      const { exitCode, stdout, stderr } = await runProgram(file);
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      expect(JSON.parse(stdout)).toEqual({ loaded: [], seen: [{ step: 1, rank: 0 }] });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('and a function that it gets as an argument is its own one', async () => {
    const executor = newPool();
    const future = executor.submit((report: typeof reportProgress) => report('by argument'), reportProgress);
    const reports: unknown[] = [];
    await future.onProgress((value) => reports.push(value));
    expect(reports).toEqual(['by argument']);
  });
});

describe('in the worker', () => {
  const payloadOf = (value: unknown) => ({ body: Buffer.from(String(value)), views: [] });

  test('while the pipe is full, only the latest report is kept', () => {
    const sent: string[] = [];
    const take = (id: number, { body }: Payload) => sent.push(`${id}: ${Buffer.from(body).toString()}`) > 0;
    let isBlocked = false;
    const progress = createProgress({
      encode: payloadOf,
      offer: (id, payload) => !isBlocked && take(id, payload),
      send: take,
    });
    progress.begin(7);
    progress.report('a');
    isBlocked = true;
    for (const value of ['b', 'c', 'd']) progress.report(value);
    progress.end();
    progress.report('outside of a task');
    expect(sent).toEqual(['7: a', '7: d']);
  });

  test('a report that was held back is sent a moment later if the task gives way', async () => {
    const sent: string[] = [];
    const take = (_: number, { body }: Payload) => sent.push(Buffer.from(body).toString()) > 0;
    let isBlocked = true;
    const progress = createProgress({
      encode: payloadOf,
      offer: (id, payload) => !isBlocked && take(id, payload),
      send: take,
    });
    progress.begin(1);
    progress.report('held');
    isBlocked = false;
    await new Promise((resolve) => setTimeout(resolve, 30));
    sent.push('still running');
    progress.end();
    expect(sent).toEqual(['held', 'still running']);
  });
});
