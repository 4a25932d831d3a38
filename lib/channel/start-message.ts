/**
 * The first frame that a worker gets: what it must know before it can take any other. It has no IPC channel of Node's
 * beside its pipe: a module that is preloaded could take a message from there, or close it, and Node parses in the host
 * what comes from there, where rubbish is an uncaught error.
 */
import { deserialize, serialize } from 'node:v8';
import { type Frame, FrameKind, MalformedFrameError } from './frame.ts';

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
  /** To be imported first, as if by the file `from`. */
  readonly preload: readonly { readonly specifier: string; readonly from: string | null }[];
  /** The main script, to be imported before anything else (`loky_init_main`). */
  readonly main: string | undefined;
}

export const encodeStart = (start: StartMessage): Uint8Array => serialize(start);

/** @param frame Its memory may be used again afterwards. */
export function decodeStart({ kind, body }: Frame): StartMessage {
  if (kind !== FrameKind.start) throw new MalformedFrameError(`the first frame is of kind ${kind}`);
  return deserialize(Buffer.from(body)) as StartMessage;
}

/** The descriptor of the private pipe in a worker. */
export const PIPE_DESCRIPTOR = 3;
