/** Runs one call and encodes its outcome. Synchronous as long as the task and its values allow it. */
import { type Frame, FrameKind } from '../lib/child/protocol.ts';
import type { Payload, ReceivedCall } from '../lib/sending/common/payload.ts';
import { encodeOutcomes, type ItemOutcome } from '../lib/sending/outcomes.ts';
import type { InlineAnswer, Receiver } from '../lib/sending/receiver.ts';
import type { BuildReport } from './build-report.ts';
import { interruption } from './interruption.ts';

export interface Outcome {
  readonly kind: typeof FrameKind.value | typeof FrameKind.error;
  /** `undefined` for a small value, which is written straight into its frame. */
  readonly payload: Payload | undefined;
  readonly inline: InlineAnswer | undefined;
}

/** How much of a chunk is to run: its host may revoke what was not claimed. */
export interface ChunkPart {
  readonly items: number;
  readonly claimedAtOnce: number;
  mayGoOn(id: number): boolean;
}

/** @param part Of a chunk; the whole of it where that is left out. */
export function runCall(
  receiver: Receiver,
  frame: Frame,
  report: BuildReport,
  part?: ChunkPart,
): Outcome | Promise<Outcome> {
  const isChunk = frame.kind === FrameKind.chunk;
  try {
    report.begin(frame.id);
    const call = receiver.decodeCall(frame, report.built);
    if (call instanceof Promise) {
      report.waits();
      const run = (built: ReceivedCall): unknown => {
        if (frame.id === interruption.id) return []; // it has not begun, and does not
        return isChunk ? runChunk(built, endOf(built, frame.id, part)) : runOnce(built);
      };
      return settled(receiver, call.then(run), isChunk);
    }
    const { fn, args } = call;
    const value = isChunk ? runChunk(call, endOf(call, frame.id, part)) : fn(...args);
    const inline = receiver.inlineValue(value);
    if (inline !== undefined) return { kind: FrameKind.value, payload: undefined, inline };
    return isThenable(value) ? settled(receiver, value, isChunk) : succeeded(receiver, value, isChunk);
  } catch (error) {
    return failed(receiver, error);
  }
}

function settled(receiver: Receiver, value: PromiseLike<unknown>, isChunk: boolean): Promise<Outcome> {
  return Promise.resolve(value)
    .then((result) => succeeded(receiver, result, isChunk))
    .catch((error: unknown) => failed(receiver, error));
}

function runOnce({ fn, args }: ReceivedCall): unknown {
  return fn(...args);
}

/** Whether a chunk ends before the item with this index. */
type IsEnd = (index: number) => boolean;

function endOf({ args }: ReceivedCall, id: number, part: ChunkPart | undefined): IsEnd {
  if (part === undefined) return (index) => index >= args.length || id === interruption.id;
  const { items, claimedAtOnce, mayGoOn } = part;
  let claimed = Math.min(items, claimedAtOnce);
  return (index) => {
    if (id === interruption.id) return true;
    if (index < claimed) return false;
    if (index >= items || !mayGoOn(id)) return true;
    claimed = Math.min(items, claimed + claimedAtOnce);
    return false;
  };
}

/** The arguments are argument lists. An error on one item does not stop the others. */
function runChunk({ fn, args }: ReceivedCall, isEnd: IsEnd): ItemOutcome[] | Promise<ItemOutcome[]> {
  const outcomes: ItemOutcome[] = [];
  const argumentLists = args as unknown[][];
  for (let index = 0; !isEnd(index); index += 1) {
    try {
      const value = fn(...(argumentLists[index] as unknown[]));
      if (isThenable(value)) return finishChunk(fn, argumentLists, outcomes, value, isEnd);
      outcomes.push([true, value]);
    } catch (error) {
      outcomes.push([false, error]);
    }
  }
  return outcomes;
}

async function finishChunk(
  fn: ReceivedCall['fn'],
  argumentLists: unknown[][],
  outcomes: ItemOutcome[],
  begun: PromiseLike<unknown>,
  isEnd: IsEnd,
): Promise<ItemOutcome[]> {
  let value: unknown = begun;
  for (;;) {
    try {
      outcomes.push([true, await value]);
    } catch (error) {
      outcomes.push([false, error]);
    }
    const index = outcomes.length;
    if (isEnd(index)) return outcomes;
    try {
      value = fn(...(argumentLists[index] as unknown[]));
    } catch (error) {
      value = Promise.reject(error);
    }
  }
}

export function succeeded(receiver: Receiver, value: unknown, isChunk: boolean): Outcome {
  const payload = isChunk ? encodeOutcomes(value as ItemOutcome[], receiver) : receiver.encodeValue(value);
  return outcomeOf(FrameKind.value, payload);
}

export function failed(receiver: Receiver, error: unknown): Outcome {
  return outcomeOf(FrameKind.error, receiver.encodeError(error));
}

/** An outcome goes through promises, and a task may have left a `then` in `Object.prototype`. */
function outcomeOf(kind: Outcome['kind'], payload: Payload): Outcome {
  return { __proto__: null, kind, payload, inline: undefined } as unknown as Outcome;
}

export function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return (
    value !== null &&
    (typeof value === 'object' || typeof value === 'function') &&
    typeof (value as PromiseLike<unknown>).then === 'function'
  );
}
