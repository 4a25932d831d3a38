/** Wrong arguments of futures, wait and asCompleted: what was expected, what came, the way out. */
import { describe, expect, test } from '@jest/globals';
import { asCompleted } from '../../lib/futures/as-completed.ts';
import { wait } from '../../lib/futures/wait.ts';
import { ownedFuture, succeeded } from './owned-future.ts';

/** [what is wrong, the call, the type of its error, what the message names] */
type Row = [wrong: string, call: () => unknown, type: typeof TypeError, says: RegExp[]];

const never = (value: unknown): never => value as never;
const future = succeeded(1);

const rows: Row[] = [
  ['result(5)', () => future.result(never(5)), TypeError, [/result/, /object/, /5 \(number\)/]],
  ['result(null)', () => future.result(never(null)), TypeError, [/result/, /object/, /null/]],
  [
    'an unknown option of result',
    () => future.result(never({ timeOut: 5 })),
    TypeError,
    [/timeOut/, /timeout, signal/],
  ],
  [
    'a timeout of words',
    () => future.result({ timeout: never('1s') }),
    TypeError,
    [/timeout/, /milliseconds/, /"1s"/],
  ],
  ['a negative timeout', () => future.result({ timeout: -1 }), RangeError, [/timeout/, /0 or more/, /-1/]],
  [
    'a timeout that is no number',
    () => future.result({ timeout: Number.NaN }),
    RangeError,
    [/timeout/, /NaN/],
  ],
  [
    'a signal that is none',
    () => future.result({ signal: never({}) }),
    TypeError,
    [/signal/, /AbortSignal/, /an object/],
  ],
  ['exception(5)', () => future.exception(never(5)), TypeError, [/exception/, /object/, /5 \(number\)/]],
  ['a bad timeout of exception', () => future.exception({ timeout: -5 }), RangeError, [/timeout/, /-5/]],
  [
    'cancel(true)',
    () => ownedFuture().future.cancel(never(true)),
    TypeError,
    [/cancel/, /object/, /true \(boolean\)/],
  ],
  [
    'an unknown option of cancel',
    () => ownedFuture().future.cancel(never({ force: true })),
    TypeError,
    [/force/, /kill/],
  ],
  [
    'kill: 1',
    () => ownedFuture().future.cancel(never({ kill: 1 })),
    TypeError,
    [/kill/, /true or false/, /1 \(number\)/],
  ],
  ['wait() of nothing at all', () => wait(never(undefined)), TypeError, [/wait/, /futures/, /undefined/]],
  ['wait of one future', () => wait(never(future)), TypeError, [/wait/, /iterable/, /a Future/]],
  ['wait of promises', () => wait(never([Promise.resolve(1)])), TypeError, [/wait/, /Future/, /a Promise/]],
  ['wait with a number', () => wait([future], never(5)), TypeError, [/wait/, /object/, /5 \(number\)/]],
  [
    'return_when',
    () => wait([future], never({ return_when: 'ALL_COMPLETED' })),
    TypeError,
    [/return_when/, /called returnWhen here/],
  ],
  [
    'an unknown returnWhen',
    () => wait([future], { returnWhen: never('FIRST') }),
    TypeError,
    [/returnWhen/, /FIRST_COMPLETED/, /"FIRST"/],
  ],
  ['a bad timeout of wait', () => wait([future], { timeout: -1 }), RangeError, [/timeout/, /-1/]],
  [
    'asCompleted() of nothing at all',
    () => asCompleted(never(undefined)),
    TypeError,
    [/asCompleted/, /futures/, /undefined/],
  ],
  [
    'asCompleted of promises',
    () => asCompleted(never([Promise.resolve(1)])),
    TypeError,
    [/asCompleted/, /Future/],
  ],
  [
    'an unknown option of asCompleted',
    () => asCompleted([future], never({ deadline: 1 })),
    TypeError,
    [/deadline/, /timeout/],
  ],
  [
    'a bad timeout of asCompleted',
    () => asCompleted([future], { timeout: never('1') }),
    TypeError,
    [/timeout/, /"1"/],
  ],
  [
    'a callback that is no function',
    () => future.addDoneCallback(never({})),
    TypeError,
    [/addDoneCallback/, /function/, /an object/],
  ],
];

describe('wrong input is told what was expected and what came', () => {
  test.each(rows)('%s', async (_, call, type, says) => {
    const error = await (async () => call())().then(
      (value) => new Error(`nothing was thrown, it gave ${String(value)}`),
      (thrown: unknown) => thrown as Error,
    );
    expect(error).toBeInstanceOf(type);
    for (const each of says) expect(error.message).toMatch(each);
  });
});
