/**
 * `submit` and `map` on a pool, with the options of one view. An executor is the view without options of its own.
 */
import { type Future, failedFuture } from '../futures/future.ts';
import type { Manager } from '../manager/manager.ts';
import { recordSubmitSite, SITES_RECORDED_UP_TO, withSubmitSite } from '../manager/submit-site.ts';
import type { TaskRequest, TaskSettings } from '../manager/task.ts';
import { describe } from '../options/check.ts';
import { checkMapOptions, type MapOptions } from '../options/task-options.ts';
import type { PreparedCall, Sender } from '../sending/index.ts';
import type { Inputs, ResultIterator } from './executor.ts';
import { mapChunks } from './map.ts';
import { chunksOf, expectInputs, isInputs } from './map-inputs.ts';

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
  const hasOptions = rest.length > 1 && !isInputs(rest.at(-1));
  const options = (hasOptions ? rest.at(-1) : undefined) as MapOptions | undefined;
  if (options !== undefined) checkMapOptions(options);
  const inputs: readonly unknown[] = hasOptions ? rest.slice(0, -1) : rest;
  expectInputs(inputs);
  pool.manager.expectRoom();
  const { chunkSize = 1, timeout, ordered = true, onProgress, bufferSize } = options ?? {};
  const source = chunksOf(inputs as readonly Inputs<unknown>[], chunkSize);
  const submitSite = recordSubmitSite(above);
  const request = { settings, submitSite, isChunk: true };
  return mapChunks(source, (chunk) => submitCall(pool, request, fn, chunk), {
    ordered,
    finishError: (error) => withSubmitSite(error, submitSite),
    bufferSize: bufferSize ?? (source.isAsync ? 2 * pool.manager.maxWorkers : Number.POSITIVE_INFINITY),
    ...(timeout === undefined ? {} : { timeout }),
    ...(onProgress === undefined ? {} : { onProgress }),
  });
}

function submitCall(
  { manager, sender }: Pool,
  request: Omit<TaskRequest, 'call'>,
  fn: AnyFunction,
  args: unknown[],
): Future<unknown> {
  let call: PreparedCall;
  try {
    call = sender.prepareCall(fn, args);
  } catch (error) {
    return failedFuture(withSubmitSite(error, request.submitSite));
  }
  return manager.submit({ ...request, call });
}

function expectFunction(fn: unknown, of: string): void {
  if (typeof fn !== 'function') throw new TypeError(`${of} expects a function to run, got ${describe(fn)}`);
}
