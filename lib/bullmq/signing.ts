/**
 * Signs what may be run although it is no task of the registry. The signature covers all that decides what is run, and how: what
 * was signed for one job cannot be put into another, changed, or run again when its time is over.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { describe, milliseconds } from '../system/check.ts';
import { SignatureError } from './errors.ts';
import type { JobData, SignedCall } from './wire.ts';

/** Lets functions travel: both sides must give the same key. */
export interface AllowFunctions {
  /** A secret of 32 bytes or more, such as `openssl rand -hex 32` makes. Who has it can run any code on the serving machines. */
  key: string | Uint8Array;
  /**
   * Milliseconds from its submit on within which a machine may begin a function; only the submitter's counts. The clocks of
   * both sides must agree. Default: 86_400_000, a day.
   */
  expiresAfter?: number;
}

/** What a signature covers beside the call. */
export interface SignedTerms {
  readonly queue: string;
  readonly id: string;
  readonly name: string;
  readonly attempts: number;
  readonly data: Omit<JobData, 'signed' | 'refusedSince' | 'hasBegun'>;
}

/** Bytes. */
const SHORTEST_KEY = 32;
const DAY = 86_400_000;

/** No other machine will take these either. */
const expiries = new WeakSet<Error>();

export function checkAllowFunctions(value: unknown, name: string): void {
  const isGiven = typeof value === 'object' && value !== null && Object.hasOwn(value, 'key');
  const key: unknown = isGiven ? (value as Partial<AllowFunctions>).key : undefined;
  if (typeof key !== 'string' && !(key instanceof Uint8Array)) {
    throw new TypeError(
      `${name} must be { key }, with a string or bytes that both sides share, got ${describe(value)}`,
    );
  }
  const { expiresAfter } = value as AllowFunctions;
  if (expiresAfter !== undefined) milliseconds(expiresAfter, `expiresAfter of ${name}`);
  if (Buffer.byteLength(key) >= SHORTEST_KEY) return;
  throw new RangeError(
    `the key of ${name} must have ${SHORTEST_KEY} bytes or more, got ${Buffer.byteLength(key)}: make one with \`openssl rand -hex 32\``,
  );
}

export function sign(
  { key, expiresAfter = DAY }: AllowFunctions,
  terms: SignedTerms,
  call: string,
): SignedCall {
  const expires = Date.now() + expiresAfter;
  const mac = macOf(key, terms, call, expires).toString('base64');
  return { call, expires, mac, keyName: keyName(key) };
}

/** Names a key without giving it away. */
export function keyName(key: AllowFunctions['key']): string {
  return createHmac('sha256', key).update('the name of this key').digest('base64url').slice(0, 16);
}

/** @throws SignatureError */
export function verify({ key }: AllowFunctions, terms: SignedTerms, signed: SignedCall): void {
  const expected = macOf(key, terms, String(signed.call), Number(signed.expires));
  const given = Buffer.from(String(signed.mac), 'base64');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new SignatureError(
      `the function of job ${terms.id} is not signed with the key of this machine, or was changed since, and was not run: give both ` +
        'sides the same allowFunctions.key',
    );
  }
  if (Date.now() < signed.expires) return;
  const error = new SignatureError(
    `the signature of job ${terms.id} was good until ${new Date(signed.expires).toISOString()}, and its function was not run: ` +
      'raise allowFunctions.expiresAfter of the submitter, or look at the clocks of both sides',
  );
  expiries.add(error);
  throw error;
}

export const isExpired = (error: Error): boolean => expiries.has(error);

/** As a list: the order of an object's keys need not survive. */
function macOf(key: string | Uint8Array, terms: SignedTerms, call: string, expires: number): Buffer {
  const { queue, id, name, attempts, data } = terms;
  const { loky, task, args, chunk, reply, version, timeout, keep, startBy, output, shared } = data;
  const job = [queue, id, name, attempts, loky, task, args, chunk, reply, version];
  const signed = [...job, timeout, keep, startBy, output, shared, expires];
  return createHmac('sha256', key).update(JSON.stringify(signed)).update('\n').update(call).digest();
}
