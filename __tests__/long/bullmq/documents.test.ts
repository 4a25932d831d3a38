/**
 * The programs of examples/bullmq run as they are, print what they say, and are what docs/bullmq.md shows. store.test.ts runs
 * bucket-store.js, and long/bullmq/postgres.test.ts on-postgres.js.
 */

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { Queue, Worker } from 'bullmq';
import { blocksFor } from '../examples/documents.ts';
import { createProgramFolder } from '../examples/stripped-programs.ts';
import { describeWithRedis } from './with-redis.ts';

const folder = 'examples/bullmq';
const read = (path: string): string => readFileSync(path, 'utf8');

const shown = [
  ...['watched-machine.js', 'observe.js', 'repair.js', 'on-postgres.js'],
  ...['tasks.js', 'machine.js', 'submit.js', 'later.js', 'resize.js', 'worker.js', 'compose.yaml'],
  ...['folder-store.js', 'bucket-store.js', 'large.js', 'share.js'],
];

test.each(shown)('docs/bullmq.md shows %s as it is', (name) => {
  expect(read('docs/bullmq.md')).toContain(read(`${folder}/${name}`));
});

const blocks = [...blocksFor('redis'), ...blocksFor('postgres')];

test('every program of docs/bullmq.md is one of these', () => {
  const files = shown.map((name) => read(`${folder}/${name}`));
  const others = blocks.filter(({ code }) => !files.includes(code)).map(({ place }) => place);
  expect(others).toEqual([expect.stringMatching(/^docs\/view\.md:/)]);
});

describeWithRedis('the examples run', (redis) => {
  const environment = (): NodeJS.ProcessEnv => ({
    ...process.env,
    NODE_OPTIONS: '',
    REDIS_URL: `redis://127.0.0.1:${redis().port}`,
  });

  const run = async (file: string): Promise<string[]> => {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [file], {
      env: environment(),
      timeout: 30_000,
    });
    expect(stderr).toBe('');
    return stdout.trimEnd().split('\n');
  };

  const saidBy = (name: string): string[] =>
    [...read(`${folder}/${name}`).matchAll(/\/\/ → (.*)$/gm)].flatMap(([, said = '']) => said.split(', '));

  test('a submitter and a machine', async () => {
    const machine = spawn(process.execPath, [`${folder}/machine.js`], {
      env: environment(),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(machine.stdout, 'data');
    expect(String(line)).toBe('serving\n');
    expect(await run(`${folder}/submit.js`)).toEqual(saidBy('submit.js'));
    expect(await run(`${folder}/later.js`)).toEqual(saidBy('later.js'));
    const ended = once(machine, 'exit');
    machine.kill('SIGTERM');
    expect(await ended).toEqual([null, 'SIGTERM']);
  }, 60_000);

  /** A program that has a page, and what that page says. */
  async function pageOf(
    name: string,
    said: string,
  ): Promise<{ get(path?: string): Promise<string>; end(): Promise<unknown> }> {
    const program = spawn(process.execPath, [`${folder}/${name}`], {
      env: { ...environment(), PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(program.stdout, 'data');
    const port = new RegExp(`^${said} (\\d+)\n$`).exec(String(line))?.[1];
    return {
      get: async (path = '/') => (await fetch(`http://127.0.0.1:${port}${path}`)).text(),
      async end() {
        const ended = once(program, 'exit');
        program.kill('SIGTERM');
        return ended;
      },
    };
  }

  test('a machine that is watched, and what is seen from outside', async () => {
    const machine = await pageOf('watched-machine.js', 'serving');
    const observer = await pageOf('observe.js', 'observing');
    expect(JSON.parse(await machine.get())).toMatchObject({ ok: true, draining: false });
    expect(await machine.get('/metrics')).toContain(
      'loky_machine_jobs_total{machine="machine",event="done"} 0',
    );
    expect(JSON.parse(await observer.get())).toMatchObject({
      ...{ backlog: 0, oldest: 0 },
      busy: [expect.stringMatching(/ \d+: 0 of \d+$/)],
    });
    await Promise.all([machine.end(), observer.end()]);
  }, 60_000);

  test('the view of a fleet', async () => {
    const { folder: programs, remove } = createProgramFolder();
    const [block] = blocks.filter(({ place }) => place.startsWith('docs/view.md'));
    writeFileSync(`${programs}/fleet.mjs`, block?.code ?? '');
    expect(await run(`${programs}/fleet.mjs`)).toEqual([
      expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/\?token=\S+$/),
    ]);
    remove();
  }, 60_000);

  test('dead letters', async () => {
    const connection = { host: '127.0.0.1', port: redis().port };
    const queue = new Queue('letters', { connection });
    const fail = (): Promise<void> => Promise.reject(new Error('the bank is closed'));
    const worker = new Worker('letters', fail, { connection });
    const failed = once(worker, 'failed');
    await queue.add('pay', {}, { jobId: 'one' });
    await failed;
    await worker.close();
    expect(await run(`${folder}/repair.js`)).toEqual(['one pay the bank is closed']);
    expect(await queue.getWaitingCount()).toBe(1);
    await queue.close();
  }, 60_000);

  test('large values through a store', async () => {
    expect(await run(`${folder}/large.js`)).toEqual(saidBy('large.js'));
    expect(await run(`${folder}/share.js`)).toEqual(saidBy('share.js'));
  }, 60_000);

  test('a processor', async () => {
    expect(await run(`${folder}/worker.js`)).toEqual(saidBy('worker.js'));
  }, 60_000);
});
