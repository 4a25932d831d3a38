/** A submitter that ends: what was flushed is run, and what was not is warned of. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { describeWithRedis, newQueue } from './with-redis.ts';

describeWithRedis('a submitter that ends by process.exit', (redis) => {
  const run = (queue: string, how: string) =>
    promisify(execFile)(
      process.execPath,
      [
        new URL('./programs/exits.js', import.meta.url).pathname,
        JSON.stringify({ queue, connection: redis().connection }),
        how,
      ],
      { env: { ...process.env, NODE_OPTIONS: '' }, timeout: 30_000 },
    );

  test('loses nothing once flush has resolved', async () => {
    const queue = newQueue();
    expect(await run(queue, 'flushed')).toEqual({ stdout: '', stderr: '' });
    expect(await redis().command('llen', `bull:${queue}:wait`)).toBe('50');
  });

  test('is warned of tasks that are not stored', async () => {
    const queue = newQueue();
    const { stderr } = await run(queue, 'at-once');
    expect(stderr).toMatch(
      new RegExp(
        `LOKY_NOT_STORED.* 50 tasks that were submitted to the queue ${queue} were not stored .*flush`,
      ),
    );
    expect(await redis().command('llen', `bull:${queue}:wait`)).toBe('0');
  });
});
