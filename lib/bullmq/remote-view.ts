/** The views of an executor over a queue: the same calls on one pool of remote tasks, each with its options. */
import { randomUUID } from 'node:crypto';
import type { ResultIterator } from '../executor/executor.ts';
import { mapOn } from '../executor/map-on-pool.ts';
import { type AnyFunction, submitTo } from '../executor/pool-view.ts';
import type { Future } from '../futures/future.ts';
import type { WaitOptions } from '../futures/wait-for.ts';
import { checkShutdownOptions, type ShutdownOptions, taskChecks } from '../options/task-options.ts';
import type { Shared } from '../sending/common/shared.ts';
import * as check from '../system/check.ts';
import { devalue } from '../system/devalue/devalue.ts';
import { recordSubmitSite } from '../system/submit-site.ts';
import { type BullMQExecutorOptions, resolveExecutorOptions } from './executor-options.ts';
import { checkJobId } from './job-id.ts';
import { textLimit } from './payload-store.ts';
import { type RemoteCalls, remoteCalls } from './remote-calls.ts';
import type { RemoteTaskOptions } from './remote-executor.ts';
import { RemotePool } from './remote-pool.ts';
import { RemoteShares } from './remote-shares.ts';
import type { RemoteTask, RemoteTaskSettings } from './remote-task.ts';
import { valueCodec } from './wire-values.ts';

/** @throws TypeError, RangeError */
export function createRemoteView(options: BullMQExecutorOptions): RemoteView {
  const settings = resolveExecutorOptions(options);
  const executorId = randomUUID();
  const { reducers } = settings.tasks;
  const shares = new RemoteShares(settings, valueCodec(devalue, reducers, textLimit(settings)));
  const codec = valueCodec(devalue, reducers, textLimit(settings), shares);
  const pool = new RemotePool(settings, executorId, codec);
  const { taskTimeout, queueTimeout, crashRetries } = settings;
  return new RemoteView(pool, remoteCalls(pool, settings, executorId, codec, shares), shares, {
    retries: crashRetries,
    priority: 0,
    ...(taskTimeout !== undefined && { timeout: taskTimeout }),
    ...(queueTimeout !== undefined && { queueTimeout }),
  });
}

/** What an executor does with the options of one view. `above` is its public method, whose caller is the submit site. */
export class RemoteView {
  readonly pool: RemotePool;
  readonly #calls: RemoteCalls;
  readonly #shares: RemoteShares;
  readonly #settings: RemoteTaskSettings;

  constructor(pool: RemotePool, calls: RemoteCalls, shares: RemoteShares, settings: RemoteTaskSettings) {
    this.pool = pool;
    this.#calls = calls;
    this.#shares = shares;
    this.#settings = settings;
  }

  submit(above: AnyFunction, fn: AnyFunction, args: readonly unknown[]): Future<unknown> {
    return submitTo(this.#calls, this.#settings, above, fn, args);
  }

  /** @throws TypeError if the view is for one job. */
  map(above: AnyFunction, fn: AnyFunction, rest: readonly unknown[]): ResultIterator<unknown> {
    if (this.#settings.jobId === undefined) return mapOn(() => this.#calls, this.#settings, above, fn, rest);
    throw new TypeError('map makes many tasks, and jobId is the id of one: submit it, or map without jobId');
  }

  async enqueue(above: AnyFunction, fn: AnyFunction, args: readonly unknown[]): Promise<{ id: string }> {
    const settings = { ...this.#settings, isDetached: true };
    const id = await submitTo(this.#calls, settings, above, fn, args);
    return { id: id as string };
  }

  future(above: AnyFunction, id: string): Future<unknown> {
    return this.#attach(above, id).future;
  }

  async result(above: AnyFunction, id: string, options?: WaitOptions): Promise<unknown> {
    const task = this.#attach(above, id);
    try {
      return await task.future.result(options);
    } finally {
      this.pool.detach(task);
    }
  }

  #attach(above: AnyFunction, id: string): RemoteTask {
    checkJobId(id, 'id');
    return this.pool.attach(id, this.#settings, recordSubmitSite(above));
  }

  /** @throws ShutdownExecutorError, TypeError, SerializationError */
  share<T>(value: T): Shared<T> {
    this.pool.assertOpen();
    return this.#shares.share(value);
  }

  /** @throws TypeError, RangeError */
  withOptions(options: RemoteTaskOptions): RemoteView {
    return viewOf(this.pool, this.#calls, this.#shares, withRemoteOptions(this.#settings, options));
  }

  shutdown(options?: ShutdownOptions): Promise<void> {
    const closed = this.pool.shutdown(checkShutdownOptions(options));
    this.#shares.close();
    return closed;
  }
}

/** Outside of the class: the bundler renames one that names itself. */
function viewOf(...parts: ConstructorParameters<typeof RemoteView>): RemoteView {
  return new RemoteView(...parts);
}

const checks: Readonly<Record<keyof RemoteTaskOptions, check.Check>> = {
  ...taskChecks,
  jobId: checkJobId,
  queueTimeout: check.timeLimit,
  onOutput: check.callable,
};

/** @throws TypeError, RangeError */
function withRemoteOptions(settings: RemoteTaskSettings, given: RemoteTaskOptions): RemoteTaskSettings {
  const options: RemoteTaskOptions = check.checkOptions(given, checks, 'withOptions');
  if (options.retries === Number.POSITIVE_INFINITY) {
    throw new RangeError('retries must be a whole number, 0 or more, got Infinity: BullMQ counts attempts');
  }
  if (options.killGrace !== undefined) {
    throw new TypeError(
      'killGrace is an option of the executor that serves the tasks, not of one that submits them',
    );
  }
  return { ...settings, ...options };
}
