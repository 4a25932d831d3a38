/** The ids of jobs that users choose: what BullMQ takes, and what the names of outcomes can be made from. */
import { describe } from '../system/check.ts';

const LONGEST = 256;

/** @throws TypeError, RangeError */
export function checkJobId(value: unknown, name: string): void {
  if (typeof value !== 'string') throw new TypeError(`${name} must be a string, got ${describe(value)}`);
  const isWhole = String(Number.parseInt(value, 10)) === value;
  if (value !== '' && value.length <= LONGEST && !value.includes(':') && !isWhole) return;
  throw new RangeError(
    `${name} must be a text without ":", not empty, no whole number (BullMQ gives these out itself) and of ${LONGEST} characters at ` +
      `most, got ${value.length > LONGEST ? `${value.length} characters` : JSON.stringify(value)}`,
  );
}
