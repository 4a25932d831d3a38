/** `loky/opentelemetry`: each task has its spans once, whatever becomes of it, and its worker has their context. */
import { channel } from 'node:diagnostics_channel';
import { afterAll, afterEach, beforeEach, expect, test } from '@jest/globals';
import { context, propagation, type Span, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api';
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node';
import { getReusableExecutor } from 'loky';
import { instrument } from 'loky/opentelemetry';
import { beginSleeping, killSelf, poolsOfEachTest, runForEver, sleepFor, square } from '../executor/pools.ts';

const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
provider.register();
afterAll(async () => {
  await provider.shutdown();
  trace.disable();
  context.disable();
  propagation.disable();
});

const newPool = poolsOfEachTest();
let undo: () => void;
beforeEach(() => {
  exporter.reset();
  undo = instrument();
});
afterEach(() => undo());

const tracer = trace.getTracer('the program');
/** Runs in a span of its own, and returns that. */
const inSpan = <R>(run: (span: Span) => R): R =>
  tracer.startActiveSpan('request', (span) => {
    span.end();
    return run(span);
  });

/** Those of tasks, in the order of their ends. */
const spans = (): ReadableSpan[] =>
  exporter.getFinishedSpans().filter(({ instrumentationScope }) => instrumentationScope.name === 'loky');
const named = (name: string): ReadableSpan => {
  const found = spans().filter((span) => span.name === name);
  expect(found).toHaveLength(1);
  return found[0] as ReadableSpan;
};
const names = (): string[] => spans().map(({ name }) => name);
const idOf = (span: ReadableSpan | undefined) => span?.spanContext().spanId;
const inMs = ([seconds, nanoseconds]: readonly [number, number]): number => seconds * 1e3 + nanoseconds / 1e6;

/** What a worker needs so that the context of a task is active in it: the user's own set-up. */
const setUp = async (): Promise<void> => {
  const { NodeTracerProvider } = await import('@opentelemetry/sdk-trace-node');
  new NodeTracerProvider().register();
};
/** What is active in the worker. */
const activeSpan = async () => {
  const { trace } = await import('@opentelemetry/api');
  return trace.getActiveSpan()?.spanContext();
};

test('a task has a span from submit to its end, with its waiting and its running as children', async () => {
  const executor = newPool();
  const { traceId, spanId } = await inSpan(async (request) => {
    await executor.withOptions({ name: 'resize' }).submit(sleepFor, 30);
    return request.spanContext();
  });
  expect(names()).toEqual(['resize wait', 'resize run', 'resize']);
  const [wait, run, task] = spans() as [ReadableSpan, ReadableSpan, ReadableSpan];
  expect(task.parentSpanContext?.spanId).toBe(spanId);
  for (const span of [wait, run]) expect(span.parentSpanContext?.spanId).toBe(idOf(task));
  for (const span of spans()) expect(span.spanContext().traceId).toBe(traceId);
  expect(inMs(run.duration)).toBeGreaterThan(25);
  expect(inMs(wait.startTime)).toBe(inMs(task.startTime));
  expect(inMs(wait.endTime)).toBe(inMs(run.startTime));
  expect(inMs(run.endTime)).toBeLessThanOrEqual(inMs(task.endTime));
  expect(Math.abs(inMs(task.endTime) - Date.now())).toBeLessThan(10_000);
  const worker = { 'process.pid': expect.any(Number), 'loky.worker.rank': 0 };
  expect(run.attributes).toEqual({ ...worker, 'loky.task.attempt': 1, 'loky.task.outcome': 'succeeded' });
  expect(task.attributes).toEqual({
    ...worker,
    'loky.executor.id': executor.executorId,
    'loky.task.id': expect.any(Number),
    'loky.task.is_chunk': false,
    'loky.task.outcome': 'succeeded',
  });
  for (const { status, events } of spans()) expect([status.code, events]).toEqual([SpanStatusCode.UNSET, []]);
});

test('an error is recorded once, where it happened', async () => {
  const fail = () => {
    throw new RangeError('too small');
  };
  await newPool().submit(fail).exception();
  expect(names()).toEqual(['fail wait', 'fail run', 'fail']);
  for (const name of ['fail run', 'fail']) {
    expect(named(name).attributes).toMatchObject({
      'loky.task.outcome': 'failed',
      'error.type': 'RangeError',
    });
    expect(named(name).status).toEqual({ code: SpanStatusCode.ERROR, message: 'too small' });
  }
  expect(named('fail').events).toEqual([]);
  expect(named('fail run').events).toMatchObject([
    {
      name: 'exception',
      attributes: {
        'exception.type': 'RangeError',
        'exception.message': 'too small',
        'exception.stacktrace': expect.stringContaining('RangeError: too small\n    at '),
      },
    },
  ]);
});

test('a crash has the exit report, and each attempt a span', async () => {
  const executor = newPool({ onWorkerCrash: 'isolate' });
  await executor.withOptions({ name: 'crash', retries: 1 }).submit(killSelf).exception();
  expect(names()).toEqual(['crash wait', 'crash run', 'crash wait', 'crash run', 'crash']);
  const runs = spans().filter(({ name }) => name === 'crash run');
  for (const { attributes, status, events } of runs) {
    expect(status.code).toBe(SpanStatusCode.ERROR);
    expect(events).toMatchObject([{ attributes: { 'exception.type': 'TerminatedWorkerError' } }]);
    expect(attributes).toMatchObject({
      'loky.task.outcome': 'lost',
      'loky.worker.exit.reason': 'crash',
      'loky.worker.exit.signal': 'SIGKILL',
      'error.type': 'TerminatedWorkerError',
    });
  }
  expect(runs.map(({ attributes }) => attributes['loky.task.attempt'])).toEqual([1, 2]);
  expect(new Set(runs.map(({ attributes }) => attributes['process.pid'])).size).toBe(2);
  const [, first, second] = spans() as [ReadableSpan, ReadableSpan, ReadableSpan];
  expect(inMs(first.endTime)).toBe(inMs(second.startTime));
});

test('a pool that breaks ends the spans of all its tasks; only the one whose worker died has its exit report', async () => {
  const executor = newPool();
  const exit = () => process.exit(3);
  await Promise.all([
    executor.submit(exit).exception(),
    executor.withOptions({ name: 'behind' }).submit(sleepFor, 1).exception(),
  ]);
  expect(
    names()
      .filter((name) => !name.includes(' '))
      .sort(),
  ).toEqual(['behind', 'exit']);
  expect(named('exit run').attributes).toMatchObject({
    'loky.worker.exit.reason': 'exit',
    'process.exit.code': 3,
  });
  expect(named('behind').attributes).toMatchObject({ 'loky.task.outcome': 'lost' });
  expect(named('behind').events).toHaveLength(1);
  expect(named('behind wait').attributes).toEqual({});
});

test('a task that is cancelled before it begins, or killed, is no fault', async () => {
  const executor = newPool();
  const { future: running } = await beginSleeping(executor, 60_000);
  expect(executor.withOptions({ name: 'waiting' }).submit(square, 1).cancel()).toBe(true);
  running.cancel({ kill: true });
  expect(names()).toEqual([
    'waiting wait',
    'waiting',
    'sleepAndTell wait',
    'sleepAndTell run',
    'sleepAndTell',
  ]);
  for (const name of ['waiting', 'sleepAndTell run', 'sleepAndTell']) {
    expect(named(name).status.code).toBe(SpanStatusCode.UNSET);
    expect(named(name).attributes).toMatchObject({ 'loky.task.outcome': 'cancelled' });
  }
});

test('a timeout is a fault of a task that ran so long', async () => {
  await newPool().withOptions({ name: 'slow', timeout: 30 }).submit(runForEver).exception();
  expect(names()).toEqual(['slow wait', 'slow run', 'slow']);
  expect(named('slow run').attributes).toMatchObject({
    'loky.task.outcome': 'timed-out',
    'error.type': 'TimeoutError',
  });
  expect(inMs(named('slow run').duration)).toBeGreaterThan(25);
});

test('a shutdown ends the spans of what it cancels and kills', async () => {
  const executor = newPool();
  const { future: running } = await beginSleeping(executor, 60_000);
  const waiting = executor.submit(square, 1);
  await executor.shutdown({ killWorkers: true });
  await Promise.all([running.exception(), waiting.exception()]);
  expect(
    names()
      .filter((name) => !name.includes(' '))
      .sort(),
  ).toEqual(['sleepAndTell', 'square']);
  for (const name of ['sleepAndTell', 'sleepAndTell run', 'square'])
    expect(named(name).attributes).toMatchObject({
      'loky.task.outcome': 'lost',
      'error.type': 'ShutdownExecutorError',
    });
});

test('what is no error, and an error that cannot be read, end their spans as well', async () => {
  const executor = newPool();
  const odd = () => {
    throw Object.defineProperty(new Error('odd'), 'stack', {
      get() {
        throw new Error('no stack');
      },
    });
  };
  const nothing = () => {
    throw undefined;
  };
  await executor.submit(odd).exception();
  await executor.submit(nothing).exception();
  expect(named('odd').attributes).toMatchObject({ 'error.type': 'Error' });
  expect(named('nothing').attributes).toMatchObject({ 'error.type': '_OTHER' });
  expect(named('nothing').status.code).toBe(SpanStatusCode.ERROR);
});

test('short tasks that are sent ahead have their spans once, and a worker each', async () => {
  const executor = newPool();
  await Promise.all(Array.from({ length: 500 }, (_, index) => executor.submit(square, index)));
  const ends = new Map<string, number>();
  for (const name of names()) ends.set(name, (ends.get(name) ?? 0) + 1);
  expect(Object.fromEntries(ends)).toEqual({ 'square wait': 500, 'square run': 500, square: 500 });
  expect(new Set(spans().map(idOf)).size).toBe(1500);
});

test('chunks of a map are children of what was active at its call, whoever takes the results', async () => {
  const executor = newPool();
  const inputs = function* () {
    for (let n = 0; n < 12; n += 1) yield n;
  };
  const { results, parent } = inSpan((span) => ({
    results: executor.map(square, inputs(), { chunkSize: 2, bufferSize: 1 }),
    parent: span.spanContext().spanId,
  }));
  await inSpan(() => results.toArray());
  const tasks = spans().filter(({ name }) => name === 'square');
  expect(tasks).toHaveLength(6);
  for (const task of tasks) {
    expect(task.parentSpanContext?.spanId).toBe(parent);
    expect(task.attributes).toMatchObject({ 'loky.task.is_chunk': true });
  }
});

test('the context of a task is active in its worker, through views, map and the reusable executor', async () => {
  const executor = newPool({ initializer: setUp });
  const view = executor.withOptions({ name: 'seen' });
  expect((await view.submit(activeSpan))?.spanId).toBe(idOf(named('seen')));
  const seen = await view.map(activeSpan, [1, 2, 3, 4], { chunkSize: 2 }).toArray();
  const tasks = spans().filter(({ name }) => name === 'seen');
  expect(seen.map((each) => each?.spanId)).toEqual([1, 1, 2, 2].map((index) => idOf(tasks[index])));
  expect(await executor.submit(activeSpan)).toMatchObject({ isRemote: true, traceFlags: 1 });
  const reusable = getReusableExecutor({ maxWorkers: 1, initializer: setUp });
  try {
    const { spanId, active } = await inSpan(async (span) => ({
      spanId: span.spanContext().spanId,
      active: await reusable.withOptions({ name: 'reused' }).submit(activeSpan),
    }));
    expect(active?.spanId).toBe(idOf(named('reused')));
    expect(named('reused').parentSpanContext?.spanId).toBe(spanId);
  } finally {
    await reusable.shutdown();
  }
});

test('each task that was sent ahead has its own context, across awaits, and what it leaves behind keeps it', async () => {
  const executor = newPool({ initializer: setUp });
  const synchronous = () => {
    const { context, propagation } = (globalThis as never)[Symbol.for('opentelemetry.js.api.1')] as {
      context: { active(): unknown };
      propagation: { inject(context: unknown, carrier: object, setter: object): void };
    };
    const carrier: { traceparent?: string } = {};
    const set = (to: Record<string, string>, key: string, value: string) => {
      to[key] = value;
    };
    propagation.inject(context.active(), carrier, { set });
    return carrier.traceparent?.split('-')[2];
  };
  const seen = await Promise.all(Array.from({ length: 300 }, () => executor.submit(synchronous)));
  expect(new Set(seen)).toEqual(
    new Set(
      spans()
        .filter(({ name }) => name === 'synchronous')
        .map(idOf),
    ),
  );
  const late = async () => {
    const { trace } = await import('@opentelemetry/api');
    await new Promise((resolve) => setTimeout(resolve, 5));
    return trace.getActiveSpan()?.spanContext().spanId;
  };
  expect(await executor.submit(late)).toBe(idOf(named('late')));
});

test('a worker in which nothing is registered runs its tasks as ever', async () => {
  expect(await newPool().submit(activeSpan)).toBeUndefined();
});

test('after the undo nothing is traced any more, and what was running ends its spans', async () => {
  const executor = newPool({ initializer: setUp });
  const { future: running } = await beginSleeping(executor, 100);
  undo();
  undo();
  expect(await executor.withOptions({ name: 'untraced' }).submit(activeSpan)).toBeUndefined();
  await running;
  expect(names()).toEqual(['sleepAndTell wait', 'sleepAndTell run', 'sleepAndTell']);
  undo = instrument();
  await executor.submit(square, 1);
  expect(names().filter((name) => name === 'square')).toHaveLength(1);
});

test('nothing listens before it is called and after it is undone', async () => {
  const all = ['task:queued', 'task:started', 'task:settled', 'worker:exited'];
  const heard = () => all.map((name) => channel(`loky:${name}`).hasSubscribers);
  expect(heard()).toEqual([true, true, true, true]);
  undo();
  await null;
  expect(heard()).toEqual([false, false, false, false]);
});

test('the tracer is the one that was given, and what it throws stops nothing', async () => {
  undo();
  const failing = {
    startSpan() {
      throw new Error('no span');
    },
  } as unknown as Tracer;
  undo = instrument({ tracer: failing });
  expect(await newPool().submit(square, 3)).toBe(9);
  expect(names()).toEqual([]);
});

test('what ends is not undone by a span that cannot be ended', async () => {
  undo();
  const failing: Tracer = {
    startSpan: (name, options, parent) => {
      if (name.includes(' ')) throw new Error('no span');
      return trace.getTracer('loky').startSpan(name, options, parent);
    },
    startActiveSpan: (() => {}) as never,
  };
  undo = instrument({ tracer: failing });
  const executor = newPool({ onWorkerCrash: 'isolate' });
  expect(await executor.withOptions({ name: 'well' }).submit(square, 3)).toBe(9);
  await executor.withOptions({ name: 'lost', retries: 1 }).submit(killSelf).exception();
  expect(names()).toEqual(['well', 'lost']);
});

test('it is called once until it is undone, with a tracer', () => {
  expect(() => instrument()).toThrow(/was called before/);
  undo();
  expect(() => instrument({ tracer: {} as Tracer })).toThrow(/tracer must be a Tracer/);
  expect(() => instrument({ trace: 1 } as never)).toThrow(
    /unknown option trace of instrument: did you mean tracer/,
  );
  undo = instrument();
});

test('tasks that share a worker have their own contexts, also after they have waited', async () => {
  const executor = newPool({ tasksPerWorker: 3, initializer: setUp });
  const activeAfterAWhile = async () => {
    const { trace } = await import('@opentelemetry/api');
    const id = () => trace.getActiveSpan()?.spanContext().spanId;
    const before = id();
    await new Promise((resolve) => setTimeout(resolve, 50));
    return [before, id(), process.pid] as const;
  };
  const found = await Promise.all(
    ['one', 'two', 'three'].map((name) => executor.withOptions({ name }).submit(activeAfterAWhile)),
  );
  const tasks = ['one', 'two', 'three'].map((name) => idOf(named(name)));
  expect(found.map(([before]) => before)).toEqual(tasks);
  expect(found.map(([, after]) => after)).toEqual(tasks);
  expect(new Set(found.map(([, , pid]) => pid)).size).toBe(1);
});
