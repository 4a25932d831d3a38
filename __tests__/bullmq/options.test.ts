/** Options are checked before anything is connected to, and the error says what was expected. */
import { expect, test } from '@jest/globals';
import { ProcessPoolExecutor } from 'loky';
import { BullMQExecutor, type BullMQExecutorOptions, defineTasks, processor, serveTasks } from 'loky/bullmq';
import * as tasks from '../long/bullmq/programs/tasks.js';

const connection = { host: '127.0.0.1', port: 1 };

const open = (queue: string, options: object = {}): BullMQExecutor =>
  new BullMQExecutor({ queue, connection, tasks: tasks.tasks, ...options } as BullMQExecutorOptions);

test('what an executor needs, and its names', () => {
  expect(() => new BullMQExecutor({ connection, tasks: tasks.tasks } as never)).toThrow(/queue is missing/);
  expect(() => open('a:b')).toThrow(/queue must be a name without ":"/);
  expect(() => open('q', { tasks: {} })).toThrow(/tasks must be what defineTasks/);
  expect(() => open('q', { connection: 5 })).toThrow(/connection must be options of ioredis/);
  expect(() => open('q', { retries: 1 })).toThrow(/unknown option retries/);
});

test.each([
  [{ key: 'short' }, 'the key of allowFunctions must have 32 bytes or more, got 5'],
  [{ key: new Uint8Array(31) }, 'the key of allowFunctions must have 32 bytes or more, got 31'],
  [{ key: 5 }, 'allowFunctions must be { key }, with a string or bytes that both sides share, got an object'],
  [null, 'allowFunctions must be { key }, with a string or bytes that both sides share, got null'],
])('a key that is none: %p', (allowFunctions, message) => {
  expect(() => open('q', { allowFunctions })).toThrow(message);
});

test.each([
  [-1, 'backoff must be a number of milliseconds, 0 or more, got -1'],
  ['fixed', 'backoff must be an object, got "fixed"'],
  [{ type: 'fixed' }, 'backoff must have type and delay, but delay is missing'],
  [{ type: 'linear', delay: 1 }, 'backoff.type must be one of "fixed", "exponential", got "linear"'],
  [{ type: 'fixed', delay: -1 }, 'backoff.delay must be a number of milliseconds, 0 or more, got -1'],
])('a backoff that is none: %p', (backoff, message) => {
  expect(() => open('q', { backoff })).toThrow(message);
});

test.each(['removeOnComplete', 'removeOnFail'])('what %s cannot be', (name) => {
  expect(() => open('q', { [name]: -1 })).toThrow(`${name} must be a whole number, 0 or more, got -1`);
  expect(() => open('q', { [name]: 'all' })).toThrow(`${name} must be an object, got "all"`);
  expect(() => open('q', { [name]: { age: 0.5 } })).toThrow(`${name}.age must be a whole number`);
  expect(() => open('q', { [name]: { days: 1 } })).toThrow(`unknown option days of ${name}`);
});

test.each([
  { backoff: 0, removeOnComplete: true, removeOnFail: 5 },
  { backoff: { type: 'exponential', delay: 10 }, removeOnComplete: { age: 1, count: 1, limit: 1 } },
])('what they can be: %p', async (options) => {
  await open('q', options).shutdown();
});

test('0 as a limit of time, which would end everything at once', async () => {
  const message = (name: string) =>
    new RangeError(
      `${name} must be a number of milliseconds above 0, got 0: for no limit leave it undefined`,
    );
  expect(() => open('q', { taskTimeout: 0 })).toThrow(message('taskTimeout'));
  expect(() => open('q', { connectTimeout: 0 })).toThrow(message('connectTimeout'));
  expect(() => processor(() => 1, { timeout: 0 })).toThrow(message('timeout'));
  const executor = open('q');
  expect(() => executor.withOptions({ timeout: 0 })).toThrow(message('timeout'));
  await executor.shutdown();
});

test('retries without end are refused, which BullMQ does not know', async () => {
  const executor = open('q');
  expect(() => executor.withOptions({ retries: Number.POSITIVE_INFINITY })).toThrow(
    /retries must be a whole number, 0 or more, got Infinity/,
  );
  await executor.shutdown();
});

test('streams and messages are refused, which a job cannot carry', async () => {
  const executor = open('q');
  for (const each of [executor, executor.withOptions({ name: 'rows' })])
    expect(() => each.stream(function* () {})).toThrow(
      /^a BullMQExecutor has no stream, as a job of BullMQ has one result/,
    );
  const future = executor.submit(tasks.square, 2);
  expect(() => future.send(1)).toThrow(/^a task of a BullMQExecutor takes no messages while it runs/);
  future.cancel();
  expect(future.send(1)).toBe(false);
  await executor.shutdown({ killWorkers: true });
});

test('a machine whose pool one crash would break', async () => {
  const breaking = new ProcessPoolExecutor({ maxWorkers: 1 });
  expect(() => serveTasks({ queue: 'q', connection, tasks: tasks.tasks, executor: breaking })).toThrow(
    /isolate/,
  );
  await breaking.shutdown();
});

test('a registry of tasks', () => {
  const url = 'file:///x.js';
  expect(() => defineTasks('./tasks.js', {})).toThrow(/import\.meta\.url/);
  expect(() => defineTasks(url, { a: 1 } as never)).toThrow(/"a"/);
  expect(() => defineTasks(url, [] as never)).toThrow(
    'defineTasks expects an object of functions, got an array',
  );
  expect(() => defineTasks(url, null as never)).toThrow(
    'defineTasks expects an object of functions, got null',
  );
  expect(() => defineTasks(url, {}, { versions: '2' } as never)).toThrow('did you mean version?');
  expect(() => defineTasks(url, {}, { version: 2 as never })).toThrow(
    'version must be a string, got 2 (number)',
  );
});
