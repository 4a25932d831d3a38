/**
 * `submit` on a pool of any kind, with the options of one view. An executor is the view without options of its own. It
 * does not know where tasks run.
 */
import { type Future, failedFuture } from '../futures/future.ts';
import type { ChunkPlan } from '../manager/chunk-plan.ts';
import { describe } from '../system/check.ts';
import {
  recordSubmitSite,
  SITES_RECORDED_UP_TO,
  type SubmitSite,
  withSubmitSite,
} from '../system/submit-site.ts';
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

/** For a caller that always submits from the same place, which would be of no use in a stack. */
export function submitUnseen<Settings, Request>(
  pool: Pool<Settings, Request>,
  settings: Settings,
  fn: AnyFunction,
  args: readonly unknown[],
): Future<unknown> {
  pool.expectRoom();
  return submitCall(pool, fn, args, { settings, submitSite: undefined, isChunk: false, plan: undefined });
}

export function submitCall<Settings, Request>(
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
    typeof fn === 'string' ? 'import the function and pass it' : 'pass the function, not what it returns';
  return new TypeError(`${of} expects a function to run, got ${describe(fn)}: ${hint}`);
}
