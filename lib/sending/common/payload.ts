/**
 * What travels between host and worker, as this folder sees it. The channel carries payloads without
 * knowing what they mean; this folder makes and reads them without knowing how they travel.
 */

import { SerializationError } from '../../errors.ts';

/** An encoded value: a body, and large binary views that travel beside it as raw bytes. */
export interface Payload {
  readonly body: Uint8Array;
  readonly views: readonly Uint8Array[];
}

/** A small body that is written into the frame that carries it, without bytes of its own. */
export interface InlineBody {
  /** @returns Where it ends; -1 if it cannot be written so: it is encoded then. What was written until then is nothing. */
  writeInto(buffer: Buffer, at: number, limit: number): number;
}

/** The largest size that the header of a frame can hold. */
const LARGEST_BODY = 2 ** 32 - 1;
const MOST_VIEWS = 2 ** 16 - 1;

/** @throws SerializationError if no frame can carry it. */
export function payloadOf(body: Uint8Array, views: readonly Uint8Array[]): Payload {
  if (body.length > LARGEST_BODY)
    throw tooMuch(`${body.length} bytes at once, large binary parts and texts not counted`);
  return { body, views };
}

/**
 * @returns The number of the view, by which the body refers to it.
 * @throws SerializationError if no frame can carry so many.
 */
export function addView(views: Uint8Array[], view: Uint8Array): number {
  if (views.length === MOST_VIEWS)
    throw tooMuch(`more than ${MOST_VIEWS} large binary parts and texts at once`);
  return views.push(view) - 1;
}

const tooMuch = (what: string): SerializationError =>
  new SerializationError(
    `cannot send ${what}\n  hint: send less at a time, or write it to a file and send its path`,
  );

/** Something that is sent to a worker once and then named by its number: a function's code or reference. */
export interface Definition {
  /** Unique within this host process. */
  readonly id: number;
  readonly payload: Payload;
}

/** A shared value that something prepared refers to: it stays in the workers for as long as it is held. */
export interface HeldShare {
  /** What the worker must have received before it can use the value; the last one is the value's own. */
  readonly definitions: readonly Definition[];
  readonly id: number;
  hold(): void;
  /** Once for each `hold`. */
  release(): void;
}

/** A call that has been prepared for sending: its values were copied when it was prepared. */
export interface PreparedCall extends Partial<InlineBody> {
  /** The function's own name, for reports; empty if it has none. */
  readonly name: string;
  /** What the worker must have received before it gets this call, in this order. */
  readonly definitions: readonly Definition[];
  /** The shared values that it needs, if there are any. */
  readonly shares?: readonly HeldShare[] | undefined;
  /** May be called more than once (a task that is run again). */
  encode(): Payload;
}

/** A call as the worker sees it, ready to run. */
export interface ReceivedCall {
  readonly fn: (...args: unknown[]) => unknown;
  readonly args: unknown[];
}
