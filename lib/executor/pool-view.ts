/**
 * `submit` and `map` on a pool, with the options of one view. An executor is the view without options of its own.
 */
import { AsyncResource } from 'node:async_hooks';
import { type Future, failedFuture } from '../futures/future.ts';
import type { Manager } from '../manager/manager.ts';
import { recordSubmitSite, SITES_RECORDED_UP_TO, withSubmitSite } from '../manager/submit-site.ts';
import type { TaskRequest, TaskSettings } from '../manager/task.ts';
import { describe } from '../options/check.ts';
import type { PreparedCall, Sender } from '../sending/index.ts';
import type { ResultIterator } from './executor.ts';
import { mapChunks } from './map.ts';
import { readMapCall } from './map-call.ts';
import { chunksOf } from './map-inputs.ts';

export type AnyFunction = (...args: never[]) => unknown;

/** A pool and how values get to it. */
export interface Pool {
  readonly manager: Manager;
  readonly sender: Sender;
}

/** @param above The public method whose caller is the submit site. */
export function submitTo(
  pool: Pool,
  settings: TaskSettings,
  above: AnyFunction,
  fn: AnyFunction,
  args: unknown[],
): Future<unknown> {
  expectFunction(fn, 'submit');
  pool.manager.expectRoom();
  const submitSite = pool.manager.pendingCount < SITES_RECORDED_UP_TO ? recordSubmitSite(above) : undefined;
  return submitCall(pool, { settings, submitSite, isChunk: false }, fn, args);
}

/** @param above The public method whose caller is the submit site. */
export function mapOn(
  pool: Pool,
  settings: TaskSettings,
  above: AnyFunction,
  fn: AnyFunction,
  rest: readonly unknown[],
): ResultIterator<unknown> {
  expectFunction(fn, 'map');
  const { inputs, chunkSize, options } = readMapCall(rest);
  pool.manager.expectRoom();
  const source = chunksOf(inputs, chunkSize);
  const submitSite = recordSubmitSite(above);
  const request = { settings, submitSite, isChunk: true };
  return mapChunks(source, (chunk) => submitCall(pool, request, fn, chunk), {
    ...options,
    // It is the caller's, whoever takes the results.
    ...(options.onProgress && { onProgress: AsyncResource.bind(options.onProgress) }),
    finishError: (error) => withSubmitSite(error, submitSite),
    bufferSize:
      options.bufferSize ?? (source.isAsync ? 2 * pool.manager.maxWorkers : Number.POSITIVE_INFINITY),
  });
}

function submitCall(
  { manager, sender }: Pool,
  request: Omit<TaskRequest, 'call'>,
  fn: AnyFunction,
  args: unknown[],
): Future<unknown> {
  if (!request.settings.signal?.aborted) manager.expectTask();
  let call: PreparedCall;
  try {
    call = sender.prepareCall(fn, args);
  } catch (error) {
    return failedFuture(withSubmitSite(error, request.submitSite));
  }
  const { settings, submitSite, isChunk } = request;
  return manager.submit({ call, settings, submitSite, isChunk });
}

/** @throws TypeError */
export function expectFunction(fn: unknown, of: string): void {
  if (typeof fn === 'function') return;
  const hint =
    typeof fn === 'string'
      ? 'import the function and pass it'
      : 'pass the function, not what a call of it gives';
  throw new TypeError(`${of} expects a function to run, got ${describe(fn)}: ${hint}`);
}
