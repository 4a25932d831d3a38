/**
 * The one message of the IPC channel: what a worker must know before it can read its pipe. The worker closes the
 * IPC channel as soon as it has it, before any code of the user runs: what a task writes into that channel would
 * otherwise be parsed by Node in the host, and rubbish raises an uncaught error there.
 */

export interface StartMessage {
  readonly rank: number;
  readonly executorId: number;
  readonly depth: number;
  /** The sender's settings, for the worker's receiver. */
  readonly settings: { readonly body: Uint8Array; readonly views: readonly Uint8Array[] };
  /** With captured output: what marks in it where a task begins; `undefined` if nobody looks for that. */
  readonly outputMark: string | undefined;
  readonly leakThreshold: number;
  readonly leakCheckDelay: number;
  /** The main script, to be imported before anything else (`loky_init_main`). */
  readonly main: string | undefined;
}

/** The descriptor of the private pipe in a worker. */
export const PIPE_DESCRIPTOR = 3;
