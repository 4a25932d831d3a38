/**
 * `submit` and `map` on a pool of any kind, with the options of one view. An executor is the view without options of
 * its own. It does not know where tasks run.
 */
import { AsyncResource } from 'node:async_hooks';
import { type Future, failedFuture } from '../futures/future.ts';
import type { ChunkPlan } from '../manager/chunk-plan.ts';
import { taskTracers } from '../observing/task-tracing.ts';
import { describe } from '../options/check.ts';
import type { ItemOutcome } from '../sending/index.ts';
import {
  recordSubmitSite,
  SITES_RECORDED_UP_TO,
  type SubmitSite,
  withSubmitSite,
} from '../system/submit-site.ts';
import type { ResultIterator } from './executor.ts';
import { mapChunks, type SubmitChunk } from './map.ts';
import { readMapCall } from './map-call.ts';
import { type Chunk, type ChunkSource, chunksOf } from './map-inputs.ts';
import { hintAtOptions } from './options-as-argument.ts';

export type AnyFunction = (...args: never[]) => unknown;

/** What a request says beside the function and its arguments. */
export interface CallTerms<Settings> {
  readonly settings: Settings;
  readonly submitSite: SubmitSite | undefined;
  readonly isChunk: boolean;
  /** Of a chunk that a `map` sizes by its run time, or of one item of such a `map`. */
  readonly plan: ChunkPlan | undefined;
}

/** Who takes requests, and how a call becomes one. */
export interface Pool<Settings, Request> {
  /** @throws what `submit` of its executor throws when it takes no more. */
  expectRoom(): void;
  readonly pendingCount: number;
  /** How many chunks of an async input are in flight, unless the caller says otherwise. */
  readonly asyncBuffer: number;
  /** @throws what the future of the call is to fail with. */
  prepare(fn: AnyFunction, args: readonly unknown[], terms: CallTerms<Settings>): Request;
  submit(request: Request): Future<unknown>;
}

/** @param above The public method whose caller is the submit site. */
export function submitTo<Settings, Request>(
  pool: Pool<Settings, Request>,
  settings: Settings,
  above: AnyFunction,
  fn: AnyFunction,
  args: readonly unknown[],
): Future<unknown> {
  if (typeof fn !== 'function') throw noFunction(fn, 'submit');
  if (args.length > 0) hintAtOptions(pool, fn, args);
  pool.expectRoom();
  const submitSite = pool.pendingCount < SITES_RECORDED_UP_TO ? recordSubmitSite(above) : undefined;
  return submitCall(pool, fn, args, { settings, submitSite, isChunk: false, plan: undefined });
}

/** For a caller that always submits from the same place, which would tell nobody anything. */
export function submitUnseen<Settings, Request>(
  pool: Pool<Settings, Request>,
  settings: Settings,
  fn: AnyFunction,
  args: readonly unknown[],
): Future<unknown> {
  pool.expectRoom();
  return submitCall(pool, fn, args, { settings, submitSite: undefined, isChunk: false, plan: undefined });
}

/**
 * @param poolNow Asked for each chunk: inputs may be taken for long, and the pool be replaced. Holds the executor, whose
 * pool is shut down when nobody does.
 * @param above The public method whose caller is the submit site.
 */
export function mapOn<Settings, Request>(
  poolNow: () => Pool<Settings, Request>,
  settings: Settings,
  above: AnyFunction,
  fn: AnyFunction,
  rest: readonly unknown[],
): ResultIterator<unknown> {
  if (typeof fn !== 'function') throw noFunction(fn, 'map');
  const { inputs, chunkSize, options } = readMapCall(rest);
  const pool = poolNow();
  pool.expectRoom();
  const source = chunksOf(inputs);
  const submitSite = recordSubmitSite(above);
  const isChunk = (items: number): boolean => (chunkSize === 'auto' ? items : chunkSize) > 1;
  const submitChunk = chunkSubmitter(poolNow, fn, { settings, submitSite, isChunk });
  // Chunks that are sent later have the same parent as the first: what was active at the call.
  return mapChunks(source, taskTracers.size === 0 ? submitChunk : AsyncResource.bind(submitChunk), {
    ...options,
    chunkSize,
    workers: Math.max(1, pool.asyncBuffer >> 1),
    readOutcomes: (result, items) => (isChunk(items) ? (result as ItemOutcome[]) : [[true, result]]),
    // It is the caller's, whoever takes the results.
    onProgress: options.onProgress && AsyncResource.bind(options.onProgress),
    finishError: (error) => withSubmitSite(error, submitSite),
    bufferSize: options.bufferSize ?? bufferFor(source, chunkSize, pool.asyncBuffer),
  });
}

/** Chunks that are sized by run time are few at the beginning, and long ones may be waited for by all behind them. */
const BUFFERS_OF_SIZED = 4;

/** How many chunks are sent and not given out, unless the caller says otherwise; `undefined`: by how quick they are. */
function bufferFor(source: ChunkSource, chunkSize: number | 'auto', usual: number): number | undefined {
  if (source.total !== undefined) return Number.POSITIVE_INFINITY;
  if (chunkSize === 'auto') return BUFFERS_OF_SIZED * usual;
  return source.isAsync ? usual : undefined;
}

type ChunkCallTerms<Settings> = Omit<CallTerms<Settings>, 'isChunk' | 'plan'> & {
  isChunk(items: number): boolean;
};

/** Nothing else of a map refers to `poolNow`: with this it lets the executor go. A chunk of one is a call like any other. */
function chunkSubmitter<Settings, Request>(
  poolNow: () => Pool<Settings, Request>,
  fn: AnyFunction,
  { settings, submitSite, isChunk }: ChunkCallTerms<Settings>,
): SubmitChunk {
  return (chunk: Chunk, plan) => {
    const terms = { settings, submitSite, isChunk: isChunk(chunk.length), plan };
    return submitCall(poolNow(), fn, terms.isChunk ? chunk : (chunk[0] as unknown[]), terms);
  };
}

function submitCall<Settings, Request>(
  pool: Pool<Settings, Request>,
  fn: AnyFunction,
  args: readonly unknown[],
  terms: CallTerms<Settings>,
): Future<unknown> {
  let request: Request;
  try {
    request = pool.prepare(fn, args, terms);
  } catch (error) {
    return failedFuture(withSubmitSite(error, terms.submitSite));
  }
  return pool.submit(request);
}

export function noFunction(fn: unknown, of: string): TypeError {
  const hint =
    typeof fn === 'string'
      ? 'import the function and pass it'
      : 'pass the function, not what a call of it gives';
  return new TypeError(`${of} expects a function to run, got ${describe(fn)}: ${hint}`);
}
