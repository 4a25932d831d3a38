/** `logEvents` writes a line for what goes wrong, and nothing for what goes well. */
import { once } from 'node:events';
import { afterEach, expect, jest, test } from '@jest/globals';
import { type EventLog, type EventLogger, logEvents, type ProcessPoolExecutor } from 'loky';
import { beginSleeping, killSelf, poolsOfEachTest, runForEver, square } from '../executor/pools.ts';

const newPool = poolsOfEachTest();
const logs: EventLog[] = [];
afterEach(() => {
  for (const log of logs.splice(0)) log.stop();
});

type Line = Readonly<Record<string, unknown>>;

/** Takes what pino takes: fields, then a message. */
function newLogger(): { readonly logger: EventLogger; readonly lines: Line[] } {
  const lines: Line[] = [];
  const write = (level: string) => (fields: object, msg: string) =>
    void lines.push({ level, ...fields, msg });
  return { logger: { info: write('info'), warn: write('warn'), error: write('error') }, lines };
}

function linesOf(executor: ProcessPoolExecutor): Line[] {
  const { logger, lines } = newLogger();
  logs.push(logEvents(executor, logger));
  return lines;
}

test('a crash is an error with the exit report, and so is the end of the pool', async () => {
  const executor = newPool();
  const lines = linesOf(executor);
  const error = await executor.withOptions({ name: 'resize' }).submit(killSelf).exception();
  const { executorId } = executor;
  expect(lines).toEqual([
    {
      ...{ level: 'error', event: 'workerCrashed', executorId, rank: 0, pid: expect.any(Number) },
      ...{ task: 'resize', reason: 'crash', signal: 'SIGKILL', stderr: '', err: expect.any(Error) },
      msg: expect.stringMatching(/^worker 0 \(pid \d+\) ended unexpectedly while it ran "resize": crash$/),
    },
    {
      level: 'error',
      event: 'broken',
      executorId,
      err: error,
      msg: expect.stringMatching(/^the pool is broken/),
    },
  ]);
});

test('a timeout and a kill are a line each, with the task', async () => {
  const executor = newPool();
  const lines = linesOf(executor);
  await executor.withOptions({ name: 'slow', timeout: 20 }).submit(runForEver).exception();
  await once(executor, 'workerExited');
  const { future, pid } = await beginSleeping(executor, 60_000);
  future.cancel({ kill: true });
  await once(executor, 'workerExited');
  expect(lines).toMatchObject([
    { level: 'warn', event: 'taskTimedOut', task: 'slow', reason: 'timed-out', signal: 'SIGKILL' },
    { level: 'warn', event: 'workerKilled', task: 'sleepAndTell', reason: 'cancelled', pid },
  ]);
});

test('a worker that has done its share is told of, one that leaves at the end is not', async () => {
  const executor = newPool({ maxTasksPerWorker: 1 });
  const lines = linesOf(executor);
  await executor.submit(square, 2);
  await executor.shutdown();
  expect(lines).toMatchObject([
    { level: 'info', event: 'workerRecycled', reason: 'max-tasks', tasksDone: 1 },
  ]);
});

test('a shutdown that kills workers is no line: the program has asked for it', async () => {
  const executor = newPool();
  const lines = linesOf(executor);
  const { future } = await beginSleeping(executor, 60_000);
  await executor.shutdown({ killWorkers: true });
  await future.exception();
  expect(lines).toEqual([]);
});

test('a logger gets a warning of the package once, for however many executors, and none of others', () => {
  const { logger, lines } = newLogger();
  const listeners = process.listenerCount('warning');
  logs.push(logEvents(newPool(), logger), logEvents(newPool(), logger));
  expect(process.listenerCount('warning')).toBe(listeners + 1);
  // The process of a test file is not the one that warnings are emitted on.
  process.emit('warning', Object.assign(new Error('not of this package'), { name: 'LokyTestWarning' }));
  process.emit(
    'warning',
    Object.assign(new Error('a leak'), { name: 'LokyWarning', code: 'LOKY_MEMORY_LEAK' }),
  );
  expect(lines).toEqual([{ level: 'warn', event: 'warning', code: 'LOKY_MEMORY_LEAK', msg: 'a leak' }]);
  logs[0]?.stop();
  logs[0]?.stop();
  expect(process.listenerCount('warning')).toBe(listeners + 1);
  logs[1]?.stop();
  expect(process.listenerCount('warning')).toBe(listeners);
});

test('a logger that throws stops nothing', async () => {
  const throws = () => {
    throw new Error('the disk is full');
  };
  const executor = newPool({ onWorkerCrash: 'isolate' });
  logs.push(logEvents(executor, { info: throws, warn: throws, error: throws }));
  const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
  await executor.submit(killSelf).exception();
  expect(warn.mock.lastCall).toEqual([
    expect.stringContaining('the disk is full'),
    expect.objectContaining({ code: 'LOKY_LISTENER_THREW' }),
  ]);
  warn.mockRestore();
  process.emit('warning', Object.assign(new Error('a leak'), { name: 'LokyWarning' }));
  expect(await executor.submit(square, 3)).toBe(9);
});

test('nothing is left after it is stopped, and tasks are not observed for it', async () => {
  const executor = newPool();
  const { logger, lines } = newLogger();
  {
    using _ = logEvents(executor, logger);
    expect(executor.listenerCount('taskSettled')).toBe(0);
    expect(executor.listenerCount('workerExited')).toBe(1);
  }
  expect(executor.eventNames()).toEqual([]);
  await executor.submit(killSelf).exception();
  expect(lines).toEqual([]);
});

test('console is a logger; what is none, and a view, are refused', () => {
  const executor = newPool();
  logEvents(executor, console).stop();
  expect(() => logEvents(executor, {} as never)).toThrow('got one without info');
  expect(() => logEvents(executor, undefined as never)).toThrow('got undefined');
  expect(() => logEvents(executor.withOptions({}) as never, console)).toThrow(
    'logEvents expects an executor, got a view',
  );
});
