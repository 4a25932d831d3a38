/** `submit` and `map` for tasks of other machines: from a function and its arguments to the data of a job. */

import { SerializationError } from '../errors.ts';
import type { ResultIterator } from '../executor/executor.ts';
import { mapChunks } from '../executor/map.ts';
import { readMapCall } from '../executor/map-call.ts';
import { chunksOf } from '../executor/map-inputs.ts';
import { type AnyFunction, expectFunction } from '../executor/pool-view.ts';
import { type Future, failedFuture } from '../futures/future.ts';
import {
  recordSubmitSite,
  SITES_RECORDED_UP_TO,
  type SubmitSite,
  withSubmitSite,
} from '../manager/submit-site.ts';
import { UnknownTaskError } from './errors.ts';
import type { RemoteSettings } from './executor-options.ts';
import { functionWriter } from './function-call.ts';
import type { RemotePool } from './remote-pool.ts';
import type { RemoteTaskSettings } from './remote-task.ts';
import { type AllowFunctions, sign } from './signing.ts';
import { type JobData, PROTOCOL } from './wire.ts';
import type { ValueCodec } from './wire-values.ts';

/** How many chunks of an async input are in flight: how many workers there are on how many machines is not known. */
const ASYNC_BUFFER = 64;

export interface RemoteCalls {
  readonly pool: RemotePool;
  nextId(): string;
  nameOf(fn: AnyFunction): string;
  /** @throws SerializationError, UnknownTaskError */
  dataOf(
    id: string,
    fn: AnyFunction,
    args: readonly unknown[],
    chunk: boolean,
    timeout: number | undefined,
  ): JobData;
}

export function remoteCalls(
  pool: RemotePool,
  settings: RemoteSettings,
  executorId: string,
  codec: ValueCodec,
): RemoteCalls {
  const { tasks, queue, allowFunctions, maxPayload } = settings;
  const writeFunction = allowFunctions === undefined ? undefined : functionWriter(tasks.reducers);
  let lastNumber = 0;

  function signedCall(id: string, fn: AnyFunction, args: readonly unknown[]): JobData['signed'] {
    if (writeFunction === undefined) throw unknownFunction(fn, tasks.names);
    const call = writeFunction(fn, args);
    const size = Buffer.byteLength(call);
    if (size <= maxPayload) return sign(allowFunctions as AllowFunctions, queue, id, call);
    throw new SerializationError(
      `cannot send the function ${fn.name || '(anonymous)'} through Redis: with its arguments it has ${size} bytes, and maxPayload is ` +
        `${maxPayload}\n  hint: put large values into a store that all machines reach, and send their names`,
    );
  }

  return {
    pool,
    nextId() {
      lastNumber += 1;
      return `${executorId}-${lastNumber}`;
    },
    nameOf: (fn) => tasks.nameOf(fn) ?? (fn.name || '(anonymous)'),
    dataOf(id, fn, args, chunk, timeout) {
      const task = tasks.nameOf(fn) ?? null;
      const common = {
        loky: PROTOCOL,
        task,
        chunk,
        reply: executorId,
        version: tasks.version ?? null,
        timeout: timeout ?? null,
      };
      if (task !== null) return { ...common, args: codec.write(args, 'the arguments') };
      return { ...common, args: '', signed: signedCall(id, fn, args) as NonNullable<JobData['signed']> };
    },
  };
}

function unknownFunction(fn: AnyFunction, names: readonly string[]): UnknownTaskError {
  return new UnknownTaskError(
    `the function ${fn.name || '(anonymous)'} is none of the tasks of this executor (${names.join(', ') || 'none'}): ` +
      'add it to defineTasks on both sides, or let functions travel with allowFunctions',
  );
}

/** @param above The public method whose caller is the submit site. */
export function submitRemotely(
  calls: RemoteCalls,
  settings: RemoteTaskSettings,
  above: AnyFunction,
  fn: AnyFunction,
  args: unknown[],
): Future<unknown> {
  expectFunction(fn, 'submit');
  calls.pool.expectRoom();
  const submitSite = calls.pool.pendingCount < SITES_RECORDED_UP_TO ? recordSubmitSite(above) : undefined;
  return submitCall(calls, settings, submitSite, fn, args, false);
}

/** @param above The public method whose caller is the submit site. */
export function mapRemotely(
  calls: RemoteCalls,
  settings: RemoteTaskSettings,
  above: AnyFunction,
  fn: AnyFunction,
  rest: readonly unknown[],
): ResultIterator<unknown> {
  expectFunction(fn, 'map');
  const { inputs, chunkSize, options } = readMapCall(rest);
  calls.pool.expectRoom();
  const source = chunksOf(inputs, chunkSize);
  const submitSite = recordSubmitSite(above);
  const submitChunk = (chunk: unknown[]): Future<unknown> =>
    submitCall(calls, settings, submitSite, fn, chunk, true);
  return mapChunks(source, submitChunk, {
    ...options,
    finishError: (error) => withSubmitSite(error, submitSite),
    bufferSize: options.bufferSize ?? (source.isAsync ? ASYNC_BUFFER : Number.POSITIVE_INFINITY),
  });
}

function submitCall(
  { pool, nextId, nameOf, dataOf }: RemoteCalls,
  settings: RemoteTaskSettings,
  submitSite: SubmitSite | undefined,
  fn: AnyFunction,
  args: readonly unknown[],
  chunk: boolean,
): Future<unknown> {
  const id = nextId();
  let data: JobData;
  try {
    data = dataOf(id, fn, args, chunk, settings.timeout);
  } catch (error) {
    return failedFuture(withSubmitSite(error, submitSite));
  }
  return pool.submit({ id, name: settings.name ?? nameOf(fn), data, settings, submitSite });
}
