/** The programs of examples/bullmq run as they are, print what they say, and are what docs/bullmq.md shows. */

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { describeWithRedis } from '../../bullmq/with-redis.ts';

const folder = 'examples/bullmq';
const read = (path: string): string => readFileSync(path, 'utf8');

test.each(['tasks.js', 'machine.js', 'submit.js', 'resize.js', 'worker.js', 'compose.yaml'])(
  'docs/bullmq.md shows %s as it is',
  (name) => {
    expect(read('docs/bullmq.md')).toContain(read(`${folder}/${name}`));
  },
);

describeWithRedis('the examples run', (redis) => {
  const environment = (): NodeJS.ProcessEnv => ({
    ...process.env,
    NODE_OPTIONS: '',
    REDIS_URL: `redis://127.0.0.1:${redis().port}`,
  });

  const run = async (name: string): Promise<string[]> => {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [`${folder}/${name}`], {
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
    expect(await run('submit.js')).toEqual(saidBy('submit.js'));
    const ended = once(machine, 'exit');
    machine.kill('SIGTERM');
    expect(await ended).toEqual([null, 'SIGTERM']);
  }, 60_000);

  test('a processor', async () => {
    expect(await run('worker.js')).toEqual(saidBy('worker.js'));
  }, 60_000);
});
