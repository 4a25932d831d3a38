/** Payloads that are too large for the queue: they lie in a store of the user's, and their keys travel in their place. */
import { createHash, randomUUID } from 'node:crypto';
import type { Job } from 'bullmq';
import * as check from '../system/check.ts';
import { messageOf } from '../system/thrown.ts';
import { PayloadStoreError, VersionSkewError } from './errors.ts';
import type { JobData } from './wire.ts';
import { within } from './within.ts';

/**
 * Where arguments and results lie that are larger than `maxPayload`, and values that are shared: a bucket, a shared folder, a database. Both sides give one that
 * reaches the same place. Each key is written once.
 */
export interface PayloadStore {
  /** Resolves when every reader can get the bytes. The key has letters, digits and `.-_`, 200 at most. */
  put(key: string, data: Uint8Array): Promise<unknown>;
  /** The bytes again. Rejects if there are none. */
  get(key: string): Promise<Uint8Array>;
  /**
   * Called when a submitter has the outcome of a task, for its arguments and result. What belongs to a job with an id of its own, or
   * to a submitter that has ended, is left: let the store remove what is older than jobs and outcomes are kept. Default: everything is left.
   */
  delete?(key: string): Promise<unknown>;
  /** Milliseconds that each call may take; then it has failed. Default: 60_000. */
  timeout?: number;
}

/** Text on the wire begins with it, and only with it, if the text itself lies in the store: no JSON does. */
const MARK = '@';
const TIMEOUT = 60_000;

const checkParts = check.nested(
  { put: check.callable, get: check.callable, delete: check.callable, timeout: check.timeLimit },
  ['put', 'get'],
);

/** A store may be of a class, whose methods are none of its own properties. @throws TypeError, RangeError */
export function checkStore(value: unknown, name: string): void {
  if (typeof value !== 'object' || value === null) check.object(value, name);
  const store = value as Partial<Record<keyof PayloadStore, unknown>>;
  const { put, get, timeout } = store;
  checkParts({ put, get, delete: store.delete, timeout }, name);
}

export const newPayloadKey = (queue: string, kind: 'arguments' | 'result' | 'shared'): string =>
  `${queue.replace(/[^\w-]/g, '_').slice(0, 100)}.${kind}.${randomUUID()}`;

export const referenceTo = (key: string): string => MARK + key;

/** @returns the key of a text that lies in the store; `undefined` for the text itself. */
export function keyIn(text: unknown): string | undefined {
  return typeof text === 'string' && text.startsWith(MARK) ? text.slice(MARK.length) : undefined;
}

/** Bytes of a text at most. JSON has no infinity, and worker processes get it as JSON. */
export const textLimit = ({ maxPayload, store }: { maxPayload: number; store?: PayloadStore }): number =>
  store === undefined ? maxPayload : Number.MAX_SAFE_INTEGER;

/**
 * @param what Whose payload it is, for the error.
 * @throws PayloadStoreError
 */
export async function putPayload(
  store: PayloadStore,
  key: string,
  data: Uint8Array,
  what: string,
): Promise<void> {
  try {
    await inTime(store, store.put(key, data));
  } catch (cause) {
    throw new PayloadStoreError(
      `the store could not keep ${what} (${data.length} bytes, key ${key}): ${messageOf(cause)}`,
      { cause },
    );
  }
}

/** @throws PayloadStoreError */
export async function getPayload(store: PayloadStore, key: string, what: string): Promise<Buffer> {
  let data: unknown;
  try {
    data = await inTime(store, store.get(key));
    if (!(data instanceof Uint8Array))
      throw new TypeError(`get gave ${data === null ? null : typeof data} in the place of bytes`);
  } catch (cause) {
    throw new PayloadStoreError(`the store could not give ${what} (key ${key}): ${messageOf(cause)}`, {
      cause,
    });
  }
  const { buffer, byteOffset, byteLength } = data as Uint8Array;
  return Buffer.from(buffer, byteOffset, byteLength);
}

export const hashOf = (data: Uint8Array): string => createHash('sha256').update(data).digest('base64url');

/** What cannot be removed stays until the store removes what is old. */
export function deletePayload(store: PayloadStore, key: string): void {
  const remove = async (): Promise<unknown> => store.delete && inTime(store, store.delete(key));
  remove().catch((error: unknown) => {
    process.emitWarning(`The store could not remove ${key}: ${messageOf(error)}`, {
      type: 'LokyWarning',
      code: 'LOKY_PAYLOAD_LEFT',
    });
  });
}

function inTime<T>({ timeout = TIMEOUT }: PayloadStore, answer: PromiseLike<T> | T): Promise<T> {
  return within(timeout, answer, `it did not answer within ${timeout} ms`);
}

/** @returns the key of the arguments of a job, or of its function with them, if that lies in the store. */
export const payloadKeyOf = ({ args, signed }: Partial<JobData>): string | undefined =>
  keyIn(signed?.call ?? args);

/**
 * The data with what lies in the store under the key of the job. A signature is checked afterwards: it is that of the function itself.
 *
 * @throws VersionSkewError if this machine has no store: another one may. PayloadStoreError
 */
export async function withPayload(
  store: PayloadStore | undefined,
  job: Job,
  data: Partial<JobData>,
  key: string,
): Promise<Partial<JobData>> {
  if (store === undefined) {
    throw new VersionSkewError(
      `the arguments of job ${job.id} lie in a store (key ${key}), and the serving machine has none: give serveTasks the same store ` +
        'as the executor has',
    );
  }
  const text = (await getPayload(store, key, `the arguments of job ${job.id}`)).toString();
  return data.signed === undefined
    ? { ...data, args: text }
    : { ...data, signed: { ...data.signed, call: text } };
}

/**
 * The text of an outcome that lies in the store of a submitter.
 *
 * @param isShared Whether others may ask for the same outcome.
 * @throws PayloadStoreError; VersionSkewError if there is no store.
 */
export async function fetchOutcome(
  store: PayloadStore | undefined,
  key: string,
  id: string,
  isShared: boolean,
): Promise<string> {
  if (store === undefined) {
    throw new VersionSkewError(
      `the outcome of job ${id} lies in a store (key ${key}), and this executor has none: give it the same store as serveTasks has`,
    );
  }
  const text = (await getPayload(store, key, `the outcome of job ${id}`)).toString();
  if (!isShared) deletePayload(store, key);
  return text;
}
