/**
 * What lies in a job and what comes back: the protocol of the two sides, with its version. Shapes only; values inside
 * are text that only the submitter and the worker process read.
 */

/** Both sides must have the same. Changes with every change of this file that the other side would not understand. */
export const PROTOCOL = 4;

/** The data of a job. */
export interface JobData {
  readonly loky: number;
  /** The name of the task in the registry; `null` for a function that travels itself. */
  readonly task: string | null;
  /**
   * The list of arguments, or of lists of arguments for a chunk: itself where JSON says all of it, else devalue text. `''` if the
   * function travels itself.
   */
  readonly args: string | readonly unknown[];
  /** Whether it is a chunk of a `map`. */
  readonly chunk: boolean;
  /** The executor that waits for the outcome, or the job itself: see `replyOfJob`. */
  readonly reply: string;
  /** The version that the submitter's registry has. */
  readonly version: string | null;
  /** Milliseconds; `null` for none but the executor's own. */
  readonly timeout: number | null;
  /** Seconds for which its outcome is kept for the executor. */
  readonly keep: number;
  /** Milliseconds since 1970 until which a machine must have begun it; `null` for no limit. */
  readonly startBy: number | null;
  /** Whether the submitter wants what the task writes to stdout and stderr. */
  readonly output: boolean;
  /** The shared values that the arguments, or the function, refer to. */
  readonly shared?: readonly SharedReference[];
  /** Whether a machine had begun it before it was handed back: `startBy` holds no more. */
  readonly hasBegun?: boolean;
  /** Milliseconds since 1970: when a machine that could not run it has handed it back for the first time. */
  readonly refusedSince?: number;
  /** A function with its arguments, and the signature of that and of all other fields but `refusedSince` and `hasBegun`. */
  readonly signed?: SignedCall;
}

/** A shared value: the number by which the job refers to it, its key in the store, and the SHA-256 of what lies there. */
export type SharedReference = readonly [id: number, key: string, hash: string];

export interface SignedCall {
  readonly call: string;
  /** Milliseconds since 1970. */
  readonly expires: number;
  readonly mac: string;
  /** Names the key, for machines that have another one. An older submitter does not say it. */
  readonly keyName?: string;
}

/**
 * - `started`, `waiting`: a machine runs it, whose id is the text; it waits again (handed back, or to be run again after a crash)
 * - `progress`: what the task reports, with its text
 * - `output`: lines that the task has written, as JSON
 * - `value`, `error`: the outcome, with its text
 * - `stored`: the outcome is too large for a message and can be read where outcomes are kept
 */
const KINDS = ['started', 'waiting', 'progress', 'output', 'value', 'error', 'stored'] as const;
export type ReplyKind = (typeof KINDS)[number];

/** To an executor. `text` is devalue text, and empty for what has no value in it. */
export type Reply = readonly [jobId: string, kind: ReplyKind, text: string];

/** `[isStderr, line]`: what a task has written. */
export type OutputLine = readonly [isStderr: boolean, line: string];

/** To the machines that serve a queue. */
interface Order {
  readonly cancel: string;
}

/**
 * Who waits for the outcome of a job that many may ask for: the job itself, in the place of an executor. Its replies have a
 * channel of their own, and its outcome a key of its own.
 */
export const replyOfJob = (jobId: string): string => `job:${jobId}`;

/** `undefined` if a job was not made by an executor of this package. */
export function asJobData(data: unknown): (Partial<JobData> & Pick<JobData, 'loky'>) | undefined {
  const { loky } = (data ?? {}) as Partial<JobData>;
  return typeof loky === 'number' ? (data as JobData) : undefined;
}

/** Every client of Redis can write into a channel: messages that are not understood are ignored. */
export function readReplies(message: string): Reply[] {
  const replies = parsed(message);
  return Array.isArray(replies) ? replies.filter(isReply) : [];
}

/** @returns the id of the job to cancel; `undefined` for any other order. */
export function readCancel(message: string): string | undefined {
  const { cancel } = (parsed(message) ?? {}) as Partial<Order>;
  return typeof cancel === 'string' ? cancel : undefined;
}

function isReply(value: unknown): value is Reply {
  return Array.isArray(value) && KINDS.includes(value[1] as ReplyKind) && typeof value[2] === 'string';
}

/** Every client of Redis can write a job. `undefined` for what no submitter writes. */
export function readShared(value: unknown): readonly SharedReference[] | undefined {
  return Array.isArray(value) && value.every(isSharedReference) ? value : undefined;
}

const isSharedReference = (value: unknown): value is SharedReference =>
  Array.isArray(value) &&
  typeof value[0] === 'number' &&
  typeof value[1] === 'string' &&
  typeof value[2] === 'string';

/** What is not understood is nothing. */
export function readOutput(text: string): OutputLine[] {
  const lines = parsed(text);
  return Array.isArray(lines) ? lines.filter(isOutputLine) : [];
}

const isOutputLine = (value: unknown): value is OutputLine =>
  Array.isArray(value) && typeof value[0] === 'boolean' && typeof value[1] === 'string';

function parsed(message: string): unknown {
  try {
    return JSON.parse(message);
  } catch {
    return undefined;
  }
}
