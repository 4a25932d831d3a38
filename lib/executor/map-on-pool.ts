/** `map` on a pool of any kind: its inputs become chunks, and each chunk is a task. */
import { inThisContext } from '../futures/callbacks.ts';
import { taskTracers } from '../observing/task-tracing.ts';
import { checkMapOptions, type MapOptions } from '../options/task-options.ts';
import type { ItemOutcome } from '../sending/outcomes.ts';
import { recordSubmitSite, withSubmitSite } from '../system/submit-site.ts';
import type { ResultIterator } from './executor.ts';
import { mapChunks, type SubmitChunk } from './map.ts';
import { assertInputs, type Chunk, type ChunkSource, chunksOf, isInputs } from './map-inputs.ts';
import { type AnyFunction, type CallTerms, noFunction, type Pool, submitCall } from './pool-view.ts';

/**
 * @param poolNow Asked for each chunk: inputs may be taken for long, and the pool be replaced. Holds the executor, whose
 * pool is shut down when it is unreachable.
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
  return mapChunks(source, taskTracers.size === 0 ? submitChunk : inThisContext(submitChunk), {
    ...options,
    chunkSize,
    workers: Math.max(1, pool.asyncBuffer >> 1),
    readOutcomes: (result, items) => (isChunk(items) ? (result as ItemOutcome[]) : [[true, result]]),
    // It runs in the context of the caller of `map`, not in that of the reader of the results.
    onProgress: options.onProgress && inThisContext(options.onProgress),
    finishError: (error) => withSubmitSite(error, submitSite),
    bufferSize: options.bufferSize ?? bufferFor(source, chunkSize, pool.asyncBuffer),
  });
}

/**
 * @param rest All that came after the function: inputs, and options if the last is no input.
 * @throws TypeError, RangeError
 */
function readMapCall(rest: readonly unknown[]) {
  const hasOptions = rest.length > 1 && !isInputs(rest.at(-1));
  const options = checkMapOptions((hasOptions ? rest.at(-1) : undefined) as MapOptions | undefined);
  const inputs = hasOptions ? rest.slice(0, -1) : rest;
  assertInputs(inputs);
  const { chunkSize = 1, timeout, ordered = true, settle = false, onProgress, bufferSize } = options;
  return { inputs, chunkSize, options: { ordered, settle, timeout, onProgress, bufferSize } };
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
