/** A machine whose executor changes its size while it serves. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { getReusableExecutor, type ReusableExecutorOptions } from 'loky';
import { BullMQExecutor, serveTasks } from 'loky/bullmq';
import { waitUntil } from '../../helpers/processes.ts';
import * as tasks from './programs/tasks.js';
import { describeWithRedis, newQueue } from './with-redis.ts';

describeWithRedis('a machine with a reusable executor', (redis) => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'loky-resized-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('takes as many jobs at once as the executor has workers now', async () => {
    const file = join(folder, 'begun');
    const begun = (): number => {
      try {
        return readFileSync(file, 'utf8').split('\n').length - 1;
      } catch {
        return 0;
      }
    };
    const settings: ReusableExecutorOptions = { key: 'resized', onWorkerCrash: 'isolate', stdio: 'ignore' };
    const pool = getReusableExecutor({ ...settings, maxWorkers: 1 });
    const common = { queue: newQueue(), connection: redis().connection, tasks: tasks.tasks };
    const server = serveTasks({ ...common, executor: pool, leaveOn: [] });
    const executor = new BullMQExecutor(common);
    expect(await executor.submit(tasks.add, 1, 1)).toBe(2);

    expect(getReusableExecutor({ ...settings, maxWorkers: 3 })).toBe(pool);
    const three = [1, 2, 3].map(() => executor.submit(tasks.hang, file));
    await waitUntil(() => begun() === 3, 20_000);
    expect(server.activeCount).toBe(3);
    for (const future of three) future.cancel({ kill: true });
    await waitUntil(() => server.activeCount === 0, 20_000);

    getReusableExecutor({ ...settings, maxWorkers: 1 });
    expect(await executor.submit(tasks.add, 1, 2)).toBe(3); // the next job on, as it is documented
    const more = [1, 2].map(() => executor.submit(tasks.hang, file));
    await waitUntil(() => begun() === 4, 20_000);
    const third = executor.submit(tasks.add, 1, 3);
    await expect(third.result({ timeout: 500 })).rejects.toThrow(/not done/);
    expect(begun()).toBe(4);
    for (const future of more) future.cancel({ kill: true });
    expect(await third).toBe(4);

    await executor.shutdown();
    await server.close();
    await pool.shutdown();
  }, 60_000);
});
