/** `loky/metrics` puts executors into a registry of prom-client, and takes them out without a trace. */
import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import { collectMetrics } from 'loky/metrics';
import { Gauge, Registry, register } from 'prom-client';
import { killSelf, poolsOfEachTest, runForEver, sleepFor, square } from '../executor/pools.ts';

const newPool = poolsOfEachTest();

/** The lines of one metric, without its comments. */
async function linesOf(registry: Registry, name: string): Promise<string[]> {
  const text = await registry.metrics();
  return text.split('\n').filter((line) => new RegExp(`^${name}[{ ]`).test(line));
}

test('the text that Prometheus reads has workers, tasks, exits and times', async () => {
  const registry = new Registry();
  const executor = newPool({ onWorkerCrash: 'isolate', maxWorkers: 2, maxTasksPerWorker: 3 });
  await executor.submit(square, 1); // counters count from the beginning, not from here on
  using _ = collectMetrics(executor, { registry, name: 'api', buckets: [0.05, 10] });
  await executor.submit(killSelf).exception();
  await executor.submit(sleepFor, 100);
  const started = once(executor, 'taskStarted');
  const running = executor.submit(runForEver);
  await started;
  expect(await linesOf(registry, 'loky_tasks_running')).toEqual(['loky_tasks_running{executor="api"} 1']);
  expect(await linesOf(registry, 'loky_tasks_pending')).toEqual(['loky_tasks_pending{executor="api"} 0']);
  expect(await linesOf(registry, 'loky_workers')).toContain('loky_workers{executor="api",state="busy"} 1');
  running.cancel({ kill: true });
  await once(executor, 'workerExited');
  expect(await linesOf(registry, 'loky_tasks_total')).toEqual([
    'loky_tasks_total{executor="api",outcome="succeeded"} 2',
    'loky_tasks_total{executor="api",outcome="failed"} 0',
    'loky_tasks_total{executor="api",outcome="cancelled"} 1',
    'loky_tasks_total{executor="api",outcome="timed-out"} 0',
    'loky_tasks_total{executor="api",outcome="lost"} 1',
  ]);
  expect((await linesOf(registry, 'loky_worker_exits_total')).sort()).toEqual([
    'loky_worker_exits_total{executor="api",reason="cancelled"} 1',
    'loky_worker_exits_total{executor="api",reason="crash"} 1',
  ]);
  expect(await linesOf(registry, 'loky_task_run_seconds_bucket')).toEqual([
    expect.stringMatching(/^loky_task_run_seconds_bucket\{le="0.05",executor="api"\} [0-2]$/),
    'loky_task_run_seconds_bucket{le="10",executor="api"} 3',
    'loky_task_run_seconds_bucket{le="+Inf",executor="api"} 3',
  ]);
  expect(await linesOf(registry, 'loky_task_wait_seconds_count')).toEqual([
    'loky_task_wait_seconds_count{executor="api"} 3',
  ]);
  const text = await registry.metrics();
  for (const [name, type] of [
    ['workers', 'gauge'],
    ['tasks_total', 'counter'],
    ['worker_recycled_total', 'counter'],
    ['worker_resident_memory_bytes', 'gauge'],
    ['worker_cpu_cores', 'gauge'],
    ['task_run_seconds', 'histogram'],
  ])
    expect(text).toContain(`# TYPE loky_${name} ${type}\n`);
});

test('recycled workers, and the memory and CPU of busy ones, are there', async () => {
  const registry = new Registry();
  const executor = newPool({ maxTasksPerWorker: 1, memory: { limit: 5e9 } });
  using _ = collectMetrics(executor, { registry });
  await executor.submit(square, 1);
  const future = executor.submit(runForEver);
  let memory: string[] = [];
  while (memory.length === 0) {
    memory = await linesOf(registry, 'loky_worker_resident_memory_bytes');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const id = executor.executorId;
  expect(Number(memory[0]?.split(' ')[1])).toBeGreaterThan(10e6);
  expect(await linesOf(registry, 'loky_worker_cpu_cores')).toHaveLength(1);
  expect(await linesOf(registry, 'loky_worker_recycled_total')).toEqual([
    `loky_worker_recycled_total{executor="${id}",reason="max-tasks"} 1`,
  ]);
  future.cancel({ kill: true });
});

test('several executors share a registry by their label, and leave it one by one', async () => {
  const registry = new Registry();
  const [one, other] = [newPool(), newPool()];
  const ofOne = collectMetrics(one, { registry, name: 'one' });
  const ofOther = collectMetrics(other, { registry, name: 'other' });
  expect(() => collectMetrics(newPool(), { registry, name: 'one' })).toThrow(
    /has an executor named "one" already/,
  );
  await Promise.all([one.submit(square, 1), other.submit(square, 1), other.submit(square, 1)]);
  const succeeded = async () =>
    (await linesOf(registry, 'loky_tasks_total')).filter((line) => line.includes('succeeded'));
  expect(await succeeded()).toEqual([
    'loky_tasks_total{executor="one",outcome="succeeded"} 1',
    'loky_tasks_total{executor="other",outcome="succeeded"} 2',
  ]);
  ofOne.dispose();
  ofOne.dispose();
  expect(one.eventNames()).toEqual([]);
  expect(await registry.metrics()).not.toContain('"one"');
  expect(await succeeded()).toEqual(['loky_tasks_total{executor="other",outcome="succeeded"} 2']);
  const again = collectMetrics(one, { registry, name: 'one' });
  expect(await succeeded()).toHaveLength(2);
  again.dispose();
  ofOther[Symbol.dispose]();
  expect(other.eventNames()).toEqual([]);
  expect(registry.getMetricsAsArray()).toEqual([]);
});

test('by default the shared registry is used, and metrics of others there stay', async () => {
  const others = new Gauge({ name: 'not_of_loky', help: 'Of somebody else.' });
  try {
    const metrics = collectMetrics(newPool(), { prefix: 'app_pool_' });
    expect(register.getSingleMetric('app_pool_tasks_total')).toBeDefined();
    metrics.dispose();
    expect(register.getMetricsAsArray().map(({ name }) => name)).toEqual(['not_of_loky']);
  } finally {
    register.removeSingleMetric('not_of_loky');
    others.reset();
  }
});

test('options that are wrong are named', () => {
  const executor = newPool();
  expect(() => collectMetrics(executor, { registry: {} as never })).toThrow(
    /registry must be a Registry of prom-client/,
  );
  expect(() => collectMetrics(executor, { label: 'x' } as never)).toThrow(
    /unknown option label of collectMetrics/,
  );
  expect(executor.eventNames()).toEqual([]);
});
