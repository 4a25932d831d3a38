/** Runs one call and encodes its outcome. Synchronous as long as the task and its values allow it. */
import { type Frame, FrameKind } from '../lib/channel/frame.ts';
import { encodeOutcomes, type ItemOutcome } from '../lib/sending/outcomes.ts';
import type { Payload, ReceivedCall } from '../lib/sending/payload.ts';
import type { Receiver } from '../lib/sending/receiver.ts';
import type { BuildReport } from './build-report.ts';

export interface Outcome {
  readonly kind: typeof FrameKind.value | typeof FrameKind.error;
  readonly payload: Payload;
}

export function runCall(receiver: Receiver, frame: Frame, report: BuildReport): Outcome | Promise<Outcome> {
  const isChunk = frame.kind === FrameKind.chunk;
  const run = isChunk ? runChunk : runOnce;
  const succeed = isChunk ? chunkSucceeded : succeeded;
  try {
    report.begin(frame.id);
    const call = receiver.decodeCall(frame, report.built);
    if (call instanceof Promise) report.waits();
    const value = call instanceof Promise ? call.then(run) : run(call);
    if (!isThenable(value)) return succeed(receiver, value);
    return Promise.resolve(value)
      .then((settled) => succeed(receiver, settled))
      .catch((error: unknown) => failed(receiver, error));
  } catch (error) {
    return failed(receiver, error);
  }
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

function succeeded(receiver: Receiver, value: unknown): Outcome {
  return outcomeOf(FrameKind.value, receiver.encodeValue(value));
}

function chunkSucceeded(receiver: Receiver, outcomes: unknown): Outcome {
  return outcomeOf(FrameKind.value, encodeOutcomes(outcomes as ItemOutcome[], receiver));
}

function failed(receiver: Receiver, error: unknown): Outcome {
  return outcomeOf(FrameKind.error, receiver.encodeError(error));
}

/** It goes through promises, and a task may have left a `then` in `Object.prototype`. */
function outcomeOf(kind: Outcome['kind'], payload: Payload): Outcome {
  return { __proto__: null, kind, payload } as Outcome;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    value !== null &&
    (typeof value === 'object' || typeof value === 'function') &&
    typeof (value as PromiseLike<unknown>).then === 'function'
  );
}
