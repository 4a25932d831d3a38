/** Runs one call and encodes its outcome. Synchronous as long as the task and its values allow it. */
import { type Frame, FrameKind } from '../lib/child/frames.ts';
import { encodeOutcomes, type ItemOutcome } from '../lib/sending/outcomes.ts';
import type { Payload, ReceivedCall } from '../lib/sending/payload.ts';
import type { InlineAnswer, Receiver } from '../lib/sending/receiver.ts';
import type { BuildReport } from './build-report.ts';

export interface Outcome {
  readonly kind: typeof FrameKind.value | typeof FrameKind.error;
  /** `undefined` for a small value, which is written straight into its frame. */
  readonly payload: Payload | undefined;
  readonly inline: InlineAnswer | undefined;
}

export function runCall(receiver: Receiver, frame: Frame, report: BuildReport): Outcome | Promise<Outcome> {
  const isChunk = frame.kind === FrameKind.chunk;
  try {
    report.begin(frame.id);
    const call = receiver.decodeCall(frame, report.built);
    if (call instanceof Promise) {
      report.waits();
      return settled(receiver, call.then(isChunk ? runChunk : runOnce), isChunk);
    }
    const { fn, args } = call;
    const value = isChunk ? runChunk(call) : fn(...args);
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

/** The only argument is a list of argument lists. An error on one item does not stop the others. */
function runChunk({ fn, args }: ReceivedCall): ItemOutcome[] | Promise<ItemOutcome[]> {
  const outcomes: ItemOutcome[] = [];
  const argumentLists = args as unknown[][];
  for (let index = 0; index < argumentLists.length; index += 1) {
    try {
      const value = fn(...(argumentLists[index] as unknown[]));
      if (isThenable(value)) return finishChunk(fn, argumentLists, outcomes, value);
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
): Promise<ItemOutcome[]> {
  let value: unknown = begun;
  for (;;) {
    try {
      outcomes.push([true, await value]);
    } catch (error) {
      outcomes.push([false, error]);
    }
    const next = argumentLists[outcomes.length];
    if (next === undefined) return outcomes;
    try {
      value = fn(...next);
    } catch (error) {
      value = Promise.reject(error);
    }
  }
}

function succeeded(receiver: Receiver, value: unknown, isChunk: boolean): Outcome {
  const payload = isChunk ? encodeOutcomes(value as ItemOutcome[], receiver) : receiver.encodeValue(value);
  return outcomeOf(FrameKind.value, payload);
}

function failed(receiver: Receiver, error: unknown): Outcome {
  return outcomeOf(FrameKind.error, receiver.encodeError(error));
}

/** An outcome goes through promises, and a task may have left a `then` in `Object.prototype`. */
function outcomeOf(kind: Outcome['kind'], payload: Payload): Outcome {
  return { __proto__: null, kind, payload, inline: undefined } as unknown as Outcome;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    value !== null &&
    (typeof value === 'object' || typeof value === 'function') &&
    typeof (value as PromiseLike<unknown>).then === 'function'
  );
}
