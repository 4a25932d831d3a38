/** What takes long without anybody's fault is told once, by a warning. Both take their time: they are awaited together. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { BullMQExecutor } from 'loky/bullmq';
import { waitUntil } from '../../helpers/processes.ts';
import * as tasks from './programs/tasks.js';
import { describeWithRedis, newQueue } from './with-redis.ts';

describeWithRedis('warnings', (redis) => {
  const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
  const warningsOf = (code: string): unknown[] =>
    warn.mock.calls.filter(([, options]) => (options as { code?: string }).code === code);

  const queue = newQueue();
  const open = (connection: { host: string; port: number }): BullMQExecutor =>
    new BullMQExecutor({ queue, connection, tasks: tasks.tasks, checkInterval: 100, connectTimeout: 60_000 });
  let executors: BullMQExecutor[] = [];
  beforeAll(() => {
    executors = [open({ host: '127.0.0.1', port: 1 }), open(redis().connection)];
    for (const executor of executors) executor.submit(tasks.noop);
  });
  afterAll(() => warn.mockRestore());

  test('tell that Redis is away, and who waits for it', async () => {
    await waitUntil(() => warningsOf('LOKY_QUEUE_UNAVAILABLE').length > 0, 10_000);
    expect(warningsOf('LOKY_QUEUE_UNAVAILABLE')).toEqual([
      [
        expect.stringMatching(
          /^Redis at 127\.0\.0\.1:1 cannot be reached: .*ECONNREFUSED.*\. Pending futures wait for it$/,
        ),
        { type: 'LokyWarning', code: 'LOKY_QUEUE_UNAVAILABLE' },
      ],
    ]);
  });

  test('tell that nobody serves the queue, and how many tasks wait', async () => {
    await waitUntil(() => warningsOf('LOKY_NOBODY_SERVES').length > 0, 15_000);
    expect(warningsOf('LOKY_NOBODY_SERVES')).toEqual([
      [
        expect.stringContaining(
          `1 tasks wait in the queue ${queue}, and no machine serves it: start serveTasks`,
        ),
        { type: 'LokyWarning', code: 'LOKY_NOBODY_SERVES' },
      ],
    ]);
    await Promise.all(executors.map((executor) => executor.shutdown({ cancelFutures: true })));
  });
});
