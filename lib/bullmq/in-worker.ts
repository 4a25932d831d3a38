/**
 * What runs in a worker process: the host passes a call on as text, and gets text back, so that it is never busy with the
 * values of tasks. Knows nothing of Redis.
 */
import { SerializationError } from '../errors.ts';
import type { Reducers } from '../sending/common/reducers.ts';
import { type Shared, type SharedState, sharedState } from '../sending/common/shared.ts';
import { DevalueError, parse, stringify } from '../system/devalue/copy/devalue-copy.ts';
import { whileLoading } from '../system/worker-link.ts';
import { type JobInfo, setJobInfo } from './job-info.ts';
import { definedTasks, taskNamed } from './task-registry.ts';
import { type TextLibrary, type ValueCodec, valueCodec } from './wire-values.ts';

/** One call of a task, as the host hands it on. */
export interface CallOrder {
  /** The arguments as `writeArguments` gives them, or lists of them for a chunk. */
  readonly args: string | readonly unknown[];
  readonly chunk: boolean;
  /** Bytes of the outcome at most. */
  readonly limit: number;
  readonly job: JobInfo;
}

/** What became of it. `text` is the value or the error; `message` and `stack` are for BullMQ. */
export type CallOutcome =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly text: string; readonly message: string; readonly stack: string };

/** A copy of its own, which test runners can send as it is. */
const devalueCopy = (): TextLibrary => ({ DevalueError, parse, stringify });

/** The shared values of a job, by the numbers by which it refers to them. */
export type SharedHandles = ReadonlyMap<number, Shared<unknown>>;

const NONE: SharedHandles = new Map();

type AnyFunction = (...args: never[]) => unknown;
type Run = (...args: unknown[]) => unknown;
type ItemOutcome = readonly [true, unknown] | readonly [false, unknown];

/**
 * A task of a module that this process can import.
 *
 * @param written The order as JSON: one string is what the host sends at the least cost.
 */
export function runTask(
  url: string,
  name: string,
  written: string,
  shared?: SharedHandles,
): CallOutcome | Promise<CallOutcome> {
  const defined = definedTasks(url);
  if (defined === undefined)
    return importTasks(url).then((failure) => failure ?? runTask(url, name, written, shared));
  const order = JSON.parse(written) as CallOrder;
  const codec = codecFor(defined.reducers, order.limit);
  let fn: AnyFunction;
  try {
    fn = taskNamed(defined, name, 'the worker process');
  } catch (error) {
    return failed(codec, error);
  }
  return run(fn, codec, order, shared);
}

/** A task of the host's main script, which a worker does not run: the function is sent. */
export function runGiven(
  fn: AnyFunction,
  reducers: Reducers | undefined,
  order: CallOrder,
  shared?: SharedHandles,
): CallOutcome | Promise<CallOutcome> {
  return run(fn, newCodec(reducers, order.limit), order, shared);
}

/** A function that came through Redis and whose signature the host has checked. */
export async function runSigned(
  call: string,
  reducers: Reducers | undefined,
  order: CallOrder,
  shared: SharedHandles = NONE,
): Promise<CallOutcome> {
  const codec = valueCodec(devalueCopy, reducers, order.limit);
  try {
    const { readFunctionCall } = await import('./function-call.ts');
    for (const handle of shared.values()) decoded(handle, codec);
    const { fn, args } = await readFunctionCall(call, shared);
    return await runWith(fn, args, codec, order);
  } catch (error) {
    return failed(codec, error);
  }
}

async function importTasks(url: string): Promise<CallOutcome | undefined> {
  const codec = valueCodec(devalueCopy, undefined, Number.POSITIVE_INFINITY);
  try {
    await whileLoading(url, () => import(url));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return failed(
      codec,
      new Error(`the worker process cannot import the tasks of ${url}: ${reason}`, { cause }),
    );
  }
  if (definedTasks(url) !== undefined) return undefined;
  const message = `${url} defines no tasks when a worker process imports it: call defineTasks(import.meta.url, …) at its top level`;
  return failed(codec, new Error(message));
}

let lastCodec: { reducers: Reducers | undefined; limit: number; codec: ValueCodec } | undefined;

/** Nearly every call of a worker has the same. */
function codecFor(reducers: Reducers | undefined, limit: number): ValueCodec {
  if (lastCodec?.reducers !== reducers || lastCodec?.limit !== limit) {
    lastCodec = { reducers, limit, codec: newCodec(reducers, limit) };
  }
  return lastCodec.codec;
}

/** What the arguments that are being read refer to. */
let handles: SharedHandles = NONE;

function newCodec(reducers: Reducers | undefined, limit: number): ValueCodec {
  const codec = valueCodec(devalueCopy, reducers, limit, {
    read(id) {
      const handle = handles.get(id);
      if (handle === undefined) throw new Error(`the job does not say which shared value number ${id} is`);
      return decoded(handle, codec);
    },
  });
  return codec;
}

/**
 * The handle that tasks get: its bytes are replaced by what they mean, once in this process.
 *
 * @throws SerializationError
 */
function decoded(handle: Shared<unknown>, codec: ValueCodec): Shared<unknown> {
  const state = sharedState(handle) as SharedState;
  if (state.isDecoded) return handle;
  const { buffer, byteOffset, byteLength } = state.value as Uint8Array;
  const text = Buffer.from(buffer, byteOffset, byteLength).toString();
  state.value = codec.read(text, 'the shared value');
  state.isDecoded = true;
  return handle;
}

function run(
  fn: AnyFunction,
  codec: ValueCodec,
  order: CallOrder,
  shared: SharedHandles = NONE,
): CallOutcome | Promise<CallOutcome> {
  handles = shared;
  try {
    return runWith(fn as Run, [...codec.readArguments(order.args)], codec, order);
  } catch (error) {
    return failed(codec, error);
  }
}

function runWith(
  fn: Run,
  args: unknown[],
  codec: ValueCodec,
  order: CallOrder,
): CallOutcome | Promise<CallOutcome> {
  setJobInfo(order.job);
  let value: unknown;
  try {
    value = order.chunk ? runChunk(fn, args as unknown[][], codec) : fn(...args);
  } catch (error) {
    setJobInfo(undefined);
    return failed(codec, error);
  }
  if (!isThenable(value)) {
    setJobInfo(undefined);
    return succeeded(codec, value);
  }
  return Promise.resolve(value)
    .then(
      (settled) => succeeded(codec, settled),
      (error: unknown) => failed(codec, error),
    )
    .finally(() => setJobInfo(undefined));
}

/** An error on one item does not stop the others, and what cannot be sent of one is an error of that item. */
async function runChunk(fn: Run, lists: unknown[][], codec: ValueCodec): Promise<ItemOutcome[]> {
  const outcomes: ItemOutcome[] = [];
  for (const list of lists) {
    try {
      const value = await fn(...list);
      codec.write(value, 'the result');
      outcomes.push([true, value]);
    } catch (error) {
      outcomes.push([false, error]);
    }
  }
  return outcomes;
}

function succeeded(codec: ValueCodec, value: unknown): CallOutcome {
  try {
    return { ok: true, text: codec.write(value, 'the result') };
  } catch (error) {
    return failed(codec, error);
  }
}

function failed(codec: ValueCodec, error: unknown): CallOutcome {
  const text = codec.writeThrown(error);
  const message = textOf(() => (error instanceof Error ? error.message : String(error)));
  const stack = textOf(() => (error instanceof Error ? String(error.stack) : ''));
  return { ok: false, text, message: message || 'the task threw an error without a message', stack };
}

function textOf(read: () => string): string {
  try {
    return String(read());
  } catch {
    return new SerializationError('the task threw a value that has no text').message;
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function';
}
