/**
 * Signs what may be run although it is no task of the registry. The signature covers the queue and the job's own number,
 * so that what was signed for one job cannot be put into another.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { describe } from '../options/check.ts';
import { SignatureError } from './errors.ts';
import type { SignedCall } from './wire.ts';

/** Lets functions travel: both sides must give the same key. */
export interface AllowFunctions {
  /** A secret of 32 bytes or more, such as `openssl rand -hex 32` makes. Who has it can run any code on the serving machines. */
  key: string | Uint8Array;
}

/** Bytes. */
const SHORTEST_KEY = 32;

export function checkAllowFunctions(value: unknown, name: string): void {
  const isGiven = typeof value === 'object' && value !== null && Object.hasOwn(value, 'key');
  const key: unknown = isGiven ? (value as Partial<AllowFunctions>).key : undefined;
  if (typeof key !== 'string' && !(key instanceof Uint8Array)) {
    throw new TypeError(
      `${name} must be { key }, with a string or bytes that both sides share, got ${describe(value)}`,
    );
  }
  if (Buffer.byteLength(key) >= SHORTEST_KEY) return;
  throw new RangeError(
    `the key of ${name} must have ${SHORTEST_KEY} bytes or more, got ${Buffer.byteLength(key)}: make one with \`openssl rand -hex 32\``,
  );
}

export function sign({ key }: AllowFunctions, queue: string, jobId: string, call: string): SignedCall {
  return { call, mac: macOf(key, queue, jobId, call).toString('base64') };
}

/** @throws SignatureError */
export function verify({ key }: AllowFunctions, queue: string, jobId: string, signed: SignedCall): void {
  const expected = macOf(key, queue, jobId, String(signed.call));
  const given = Buffer.from(String(signed.mac), 'base64');
  if (given.length === expected.length && timingSafeEqual(given, expected)) return;
  throw new SignatureError(
    `the function of job ${jobId} is not signed with the key of this machine, and was not run: give both sides the same allowFunctions.key`,
  );
}

function macOf(key: string | Uint8Array, queue: string, jobId: string, call: string): Buffer {
  return createHmac('sha256', key)
    .update(JSON.stringify([queue, jobId]))
    .update('\n')
    .update(call)
    .digest();
}
