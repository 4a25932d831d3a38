/**
 * What travels between host and worker, as this folder sees it. The channel carries payloads without
 * knowing what they mean; this folder makes and reads them without knowing how they travel.
 */

/** An encoded value: a body, and large binary views that travel beside it as raw bytes. */
export interface Payload {
  readonly body: Uint8Array;
  readonly views: readonly Uint8Array[];
}

/** Something that a worker is told once and then knows by its number: a function's code or reference. */
export interface Definition {
  /** Unique within this host process. */
  readonly id: number;
  readonly payload: Payload;
}

/** A call that has been prepared for sending: its values were copied when it was prepared. */
export interface PreparedCall {
  /** The function's own name, for reports; empty if it has none. */
  readonly name: string;
  /** What the worker must have been told before it gets this call, in this order. */
  readonly definitions: readonly Definition[];
  /** May be called more than once (a task that is run again). */
  encode(): Payload;
}

/** A call as the worker sees it, ready to run. */
export interface ReceivedCall {
  readonly fn: (...args: unknown[]) => unknown;
  readonly args: unknown[];
}
