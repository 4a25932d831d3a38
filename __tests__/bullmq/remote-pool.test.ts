/** What a pool of remote tasks makes of what it reads about their jobs. */
import { afterAll, expect, test } from '@jest/globals';
import { resolveExecutorOptions } from '../../lib/bullmq/executor-options.ts';
import { RemotePool } from '../../lib/bullmq/remote-pool.ts';
import type { RemoteTask } from '../../lib/bullmq/remote-task.ts';
import { defineTasks } from '../../lib/bullmq/task-registry.ts';
import { valueCodec } from '../../lib/bullmq/wire-values.ts';
import { devalue } from '../../lib/system/devalue/devalue.ts';

const tasks = defineTasks('file:///none.js', {});
const settings = resolveExecutorOptions({ queue: 'q', connection: { host: '127.0.0.1', port: 1 }, tasks });
const codec = valueCodec(devalue, undefined, 1_000);
const pool = new RemotePool(settings, 'me', codec);
afterAll(() => pool.shutdown({ killWorkers: true }));

const attach = (id: string): RemoteTask => pool.attach(id, { retries: 0, priority: 0 }, undefined);

const FAILED = { kind: 'failed', reason: 'too slow' } as const;

test('a failed job whose outcome is not written yet is looked at again, and has it then', async () => {
  const task = attach('a');
  pool.onJobState(task, FAILED);
  expect(task.future.done()).toBe(false);
  pool.onJobState(task, { kind: 'error', text: codec.writeThrown(new RangeError('too far')) });
  await expect(task.future.result()).rejects.toMatchObject({ name: 'RangeError', message: 'too far' });
});

test('a job that failed and has no outcome is lost', async () => {
  const task = attach('b');
  pool.onJobState(task, FAILED);
  pool.onJobState(task, FAILED);
  await expect(task.future.result()).rejects.toMatchObject({
    name: 'JobLostError',
    message: 'job b failed: too slow',
  });
});

test('a job that was seen and is missing is lost at the second look, one that never was is unknown at the first', async () => {
  const seen = attach('c');
  pool.onJobState(seen, { kind: 'waiting' });
  pool.onJobState(seen, { kind: 'missing' });
  expect(seen.future.done()).toBe(false);
  pool.onJobState(seen, { kind: 'missing' });
  await expect(seen.future.result()).rejects.toMatchObject({ name: 'JobLostError' });
  const unknown = attach('d');
  pool.onJobState(unknown, { kind: 'missing' });
  await expect(unknown.future.result()).rejects.toMatchObject({ name: 'UnknownJobError' });
});
