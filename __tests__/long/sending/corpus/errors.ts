/** What tasks throw: it arrives as the same class, with all that belongs to it. */
import { readFileSync } from 'node:fs';
import { type Case, fails, survives } from './case.ts';
import { failWith, HttpError } from './modules/shapes.ts';

class PaymentError extends Error {
  readonly amount: number;
  override readonly name = 'PaymentError';
  constructor(amount: number, options: { reason: string }) {
    super(`cannot pay ${amount}: ${options.reason}`);
    this.amount = amount;
  }
}
class RangeOfError extends RangeError {
  details = { low: 1 };
}
const is = (error: unknown, name: string): boolean =>
  Object.prototype.toString.call(error) === '[object Error]' && (error as Error).name === name;

export const errors: readonly Case[] = [
  ...[Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError].map((Class) =>
    fails(
      `a ${Class.name}`,
      (e: Error) => is(e, Class.name) && e.message === 'm',
      () => {
        throw new Class('m');
      },
    ),
  ),
  fails(
    'an error of the engine',
    (e: Error) => is(e, 'TypeError') && /null/.test(e.message),
    () => (null as unknown as { x: number }).x,
  ),
  fails(
    'a missing name',
    (e: Error) => is(e, 'TypeError'),
    () => (globalThis as unknown as { nowhere(): void }).nowhere(),
  ),
  fails(
    'own properties',
    (e: Error & { code: string; data: { a: Date } }) => e.code === 'E_X' && e.data.a.getTime() === 0,
    () => {
      throw Object.assign(new Error('m'), { code: 'E_X', data: { a: new Date(0) } });
    },
  ),
  fails(
    'a chain of causes',
    (e: Error) =>
      (e.cause as Error).message === 'middle' && ((e.cause as Error).cause as Error).name === 'TypeError',
    () => {
      throw new Error('outer', { cause: new Error('middle', { cause: new TypeError('inner') }) });
    },
  ),
  fails(
    'a cause that is no error',
    (e: Error) => (e.cause as { a: number }).a === 1,
    () => {
      throw new Error('m', { cause: { a: 1 } });
    },
  ),
  fails(
    'an AggregateError',
    (e: AggregateError) =>
      is(e, 'AggregateError') && e.errors.length === 2 && (e.errors[1] as Error).name === 'RangeError',
    () => {
      throw new AggregateError([new Error('a'), new RangeError('b')], 'both');
    },
  ),
  fails(
    'an error that is its own cause',
    (e: Error) => e.cause === e,
    () => {
      const e = new Error('m');
      e.cause = e;
      throw e;
    },
  ),
  fails(
    'a class of the user',
    (e: PaymentError) => e instanceof PaymentError && e.amount === 5 && e.message === 'cannot pay 5: poor',
    () => {
      throw new PaymentError(5, { reason: 'poor' });
    },
  ),
  fails(
    'a subclass of a built-in class',
    (e: RangeOfError) => e instanceof RangeOfError && e instanceof RangeError && e.details.low === 1,
    () => {
      throw new RangeOfError('m');
    },
  ),
  fails(
    'an imported class',
    (e: HttpError) => e instanceof HttpError && e.status === 404 && e.message === 'no',
    () => {
      throw new HttpError(404, { text: 'no' });
    },
  ),
  fails(
    'a class that an imported function throws',
    (e: HttpError) => e.name === 'HttpError' && e.message === 'status 500' && e.status === 500,
    () => failWith(500),
  ),
  fails(
    'a class that only the task knows',
    (e: Error & { extra: number }) => e.name === 'Local' && e.message === 'm' && e.extra === 1,
    () => {
      class Local extends Error {
        override name = 'Local';
        extra = 1;
      }
      throw new Local('m');
    },
  ),
  fails(
    'a class without a name of its own',
    (e: Error) => e.message === 'm',
    () => {
      throw new (class extends Error {})('m');
    },
  ),
  fails(
    'an error of Node',
    (e: NodeJS.ErrnoException) => e.code === 'ENOENT' && e.syscall === 'open' && e.errno === -2,
    () => readFileSync('/nowhere/at/all'),
  ),
  fails(
    'an error of Node with a code of its own',
    (e: NodeJS.ErrnoException) => e.code === 'ERR_INVALID_ARG_TYPE' && is(e, 'TypeError'),
    () => Buffer.from(5 as unknown as string),
  ),
  fails(
    'an aborted signal',
    (e: Error) => e.name === 'AbortError' && Object.prototype.toString.call(e) === '[object DOMException]',
    () => AbortSignal.abort().throwIfAborted(),
  ),
  fails(
    'parts that cannot be sent are left out',
    (e: Error & { socket?: unknown; kept: number }) =>
      e.message === 'm' && e.kept === 1 && e.socket === undefined,
    () => {
      throw Object.assign(new Error('m'), { socket: Promise.resolve(), kept: 1 });
    },
  ),
  fails(
    'a cause that cannot be sent is left out',
    (e: Error) => e.message === 'm' && e.cause === undefined,
    () => {
      throw new Error('m', { cause: new WeakMap() });
    },
  ),
  fails(
    'hostile properties',
    (e: Error) => e.message === 'm',
    () => {
      throw Object.defineProperty(new Error('m'), 'evil', {
        enumerable: true,
        get() {
          throw new Error('no');
        },
      });
    },
  ),
  fails(
    'a rejected promise',
    (e: Error) => e.message === 'late',
    async () => {
      await null;
      throw new Error('late');
    },
  ),
  fails(
    'the stack names the frames in the worker',
    (e: Error) => /at /.test(String(e.stack)) && String(e.stack).startsWith('Error: m'),
    () => {
      throw new Error('m');
    },
  ),
  fails(
    'a message that was changed',
    (e: Error) => e.message === 'changed',
    () => {
      const e = new Error('m');
      e.message = 'changed';
      throw e;
    },
  ),
  fails(
    'a name that was changed',
    (e: Error) => e.name === 'Custom',
    () => {
      const e = new Error('m');
      e.name = 'Custom';
      throw e;
    },
  ),
  fails(
    'undefined',
    (e: unknown) => e === undefined,
    () => {
      throw undefined;
    },
  ),
  fails(
    'null',
    (e: unknown) => e === null,
    () => {
      throw null;
    },
  ),
  fails(
    'a string',
    (e: unknown) => e === 'text',
    () => {
      throw 'text';
    },
  ),
  fails(
    'a number',
    (e: unknown) => e === 5,
    () => {
      throw 5;
    },
  ),
  fails(
    'an object',
    (e: { code: number }) => e.code === 7,
    () => {
      throw { code: 7 };
    },
  ),
  fails(
    'a value that cannot be sent',
    (e: Error) => /cannot be sent/.test(e.message),
    () => {
      throw new WeakMap();
    },
  ),
  fails(
    'a proxy that answers nothing',
    (e: Error) => /cannot be sent/.test(e.message),
    () => {
      throw new Proxy(
        {},
        {
          get() {
            throw new Error('no');
          },
          getPrototypeOf() {
            throw new Error('no');
          },
          ownKeys() {
            throw new Error('no');
          },
        },
      );
    },
  ),
  survives(
    'an error as a value',
    Object.assign(new TypeError('boom', { cause: new Error('inner') }), { code: 'E1' }),
    (e) =>
      is(e, 'TypeError') &&
      (e.cause as Error).message === 'inner' &&
      e.code === 'E1' &&
      typeof e.stack === 'string',
  ),
  survives(
    'an error of the user as a value',
    new PaymentError(1, { reason: 'x' }),
    (e) => e instanceof PaymentError && e.amount === 1,
  ),
  survives(
    'the attributes of an error',
    new Error('m', { cause: 1 }),
    (e) => Object.keys(e).length === 0 && Object.hasOwn(e, 'message') && Object.hasOwn(e, 'cause'),
  ),
];
