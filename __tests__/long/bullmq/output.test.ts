/** What tasks write reaches the submitters that want it, and no others. */
import { EventEmitter } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { BullMQExecutor, type BullMQExecutorOptions, type TaskOutput } from 'loky/bullmq';
import { outputName, TaskOutputs } from '../../../lib/bullmq/task-outputs.ts';
import { readOutput } from '../../../lib/bullmq/wire.ts';
import { waitUntil } from '../../helpers/processes.ts';
import { startMachine } from './machines.ts';
import * as tasks from './programs/tasks.js';
import { describeWithRedis, newQueue } from './with-redis.ts';

describe('a machine', () => {
  const job = { id: '7', name: 'noisy' };
  const data = { reply: 'me' };

  function openOutputs() {
    const pool = new EventEmitter();
    const lines: (readonly [boolean, string])[] = [];
    const report = (_executor: string, _jobId: string, _kind: string, text: string) =>
      lines.push(...readOutput(text));
    const print = (line: string, task = outputName(job)) =>
      pool.emit('output', { task, line, stream: 'stdout' });
    return { pool, lines, print, outputs: new TaskOutputs(pool, true, { report }) };
  }

  test('sends the first lines of a flood, and how many it leaves out', () => {
    const { pool, lines, print, outputs } = openOutputs();
    outputs.begin(job, data);
    for (let line = 0; line < 10_000; line += 1) print(`line ${line} ${'x'.repeat(90)}`);
    print('y'.repeat(100_000));
    outputs.end(job);
    expect(lines[0]).toEqual([false, `line 0 ${'x'.repeat(90)}`]);
    const last = lines.at(-1) as [boolean, string];
    expect(last[1]).toMatch(/^… \d+ lines left out/);
    expect(lines.length - 1 + Number(/\d+/.exec(last[1])?.[0])).toBe(10_001);
    outputs.close();
    expect(pool.listenerCount('output')).toBe(0);
  });

  test('listens only while a job runs whose output is wanted, and to that alone', () => {
    const { pool, lines, print, outputs } = openOutputs();
    expect(pool.listenerCount('output')).toBe(0);
    outputs.begin(job, {});
    expect(pool.listenerCount('output')).toBe(0);
    outputs.begin(job, data);
    print('of another', 'noisy');
    print('z'.repeat(10_000));
    outputs.end(job);
    print('late');
    outputs.close();
    expect(lines).toEqual([
      [false, 'z'.repeat(8_000)],
      [false, 'late'],
    ]);
  });

  test('what others write into the channel is nothing', () => {
    expect(readOutput('[[true,"a"],[1,"b"],"c"]')).toEqual([[true, 'a']]);
    expect(readOutput('{')).toEqual([]);
  });
});

describeWithRedis('output', (redis) => {
  const open = (queue: string, options: Partial<BullMQExecutorOptions> = {}): BullMQExecutor =>
    new BullMQExecutor({ queue, connection: redis().connection, tasks: tasks.tasks, ...options });

  const linesOf = (seen: readonly TaskOutput[], stream: string): string[] =>
    seen.filter((each) => each.stream === stream).map(({ line }) => line);

  test('line by line, of the task whose view wants it', async () => {
    const queue = newQueue();
    const machine = await startMachine({
      queue,
      connection: redis().connection,
      maxWorkers: 1,
      stdio: 'events',
    });
    const executor = open(queue);
    const seen: TaskOutput[] = [];
    const others: TaskOutput[] = [];
    const view = executor.withOptions({ jobId: 'print-3', onOutput: (output) => seen.push(output) });
    const other = executor.withOptions({ onOutput: (output) => others.push(output) });
    await Promise.all([
      view.submit(tasks.print, 3),
      executor.submit(tasks.print, 2),
      other.submit(tasks.print, 1),
    ]);
    await waitUntil(() => seen.length === 4 && others.length === 2, 20_000);
    expect(linesOf(seen, 'stdout')).toEqual(['line 1', 'line 2', 'line 3']);
    expect(linesOf(seen, 'stderr')).toEqual(['an error']);
    expect(new Set(seen.map(({ id }) => id))).toEqual(new Set(['print-3']));
    expect(linesOf(others, 'stdout')).toEqual(['line 1']);
    await executor.shutdown();
    await machine.kill('SIGTERM');
  });

  test('a machine whose pool does not give it says so', async () => {
    const queue = newQueue();
    const machine = await startMachine({ queue, connection: redis().connection, maxWorkers: 1 });
    const executor = open(queue);
    const view = executor.withOptions({ onOutput: () => {} });
    expect(await view.map(tasks.square, [1, 2]).toArray()).toEqual([1, 4]);
    await machine.says('warning: A submitter wants the output of its tasks (onOutput)');
    expect(machine.said.filter((line) => line.includes('onOutput'))).toHaveLength(1);
    await executor.shutdown();
    await machine.kill('SIGTERM');
  });
});
