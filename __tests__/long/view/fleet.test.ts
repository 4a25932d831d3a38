/** The figures that an observer of `loky/bullmq` gives are those that the page shows of a fleet. */
import { hostname } from 'node:os';
import { expect, test } from '@jest/globals';
import { Queue } from 'bullmq';
import { observeQueue } from 'loky/bullmq';
import { serveView } from 'loky/view';
import { openStream } from '../../view/reader.ts';
import { startMachine } from '../bullmq/machines.ts';
import { describeWithRedis, newQueue } from '../bullmq/with-redis.ts';

describeWithRedis('a fleet', (redis) => {
  test('shows its machines, what waits and for how long, and a machine that is gone no more', async () => {
    const [name, { connection }] = [newQueue(), redis()];
    const machines = await Promise.all(
      [1, 2].map((maxWorkers) => startMachine({ queue: name, connection, maxWorkers })),
    );
    const queue = new Queue(name, { connection });
    await queue.pause();
    await queue.add('resize', {}, { timestamp: Date.now() - 60_000 });
    await using observer = observeQueue({ queue: name, connection });
    await using view = await serveView({ executors: [], fleet: () => observer.read() });
    const stream = await openStream(view.url);
    const latest = () => stream.deltas().findLast(({ fleet }) => fleet !== undefined)?.fleet?.figures;
    try {
      await stream.until(() => latest()?.machines.length === 2);
      expect(latest()?.queue).toBe(name);
      for (const [index, { pid }] of machines.entries())
        expect(latest()?.machines).toContainEqual(
          expect.objectContaining({ host: hostname(), pid, workers: index + 1, active: 0, draining: false }),
        );
      expect(latest()?.jobs).toMatchObject({ waiting: 1, active: 0 });
      expect(latest()?.oldest?.name).toBe('resize');
      expect(latest()?.oldest?.age).toBeGreaterThanOrEqual(60_000);
      await machines[0]?.kill('SIGTERM');
      await stream.until(() => latest()?.machines.length === 1);
    } finally {
      stream.close();
      await Promise.all(machines.map((machine) => machine.kill('SIGKILL')));
      await queue.close();
    }
  }, 60_000);
});
