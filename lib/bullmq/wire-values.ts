/**
 * Values as devalue text, with the reducers that both sides share and with errors. It knows neither jobs nor Redis, and
 * reading evaluates no code.
 */
import type * as Devalue from 'devalue';
import { SerializationError } from '../errors.ts';
import type { Reducers } from '../sending/common/reducers.ts';
import { isShared, type Shared } from '../sending/common/shared.ts';
import { isPlainJson } from './plain-json.ts';
import { fromPlainError, isError, type PlainError, toPlainError } from './wire-errors.ts';

/** One side of the wire. */
export interface ValueCodec {
  /**
   * @param what What it is, for the error.
   * @throws SerializationError with the path of what cannot be sent, or if the text is longer than the limit.
   */
  write(value: unknown, what: string): string;
  /**
   * Arguments as they lie in a job: themselves, which people can read there, if JSON says all of them.
   *
   * @throws SerializationError as `write`.
   */
  writeArguments(args: readonly unknown[]): string | readonly unknown[];
  /** Never throws: what cannot be sent of an error is left out. */
  writeThrown(thrown: unknown): string;
  /** What `writeArguments` gives. @throws SerializationError as `read`. */
  readArguments(written: string | readonly unknown[]): readonly unknown[];
  /** @throws SerializationError if it is not what `write` makes, or a reducer is missing. */
  read(text: string, what: string): unknown;
}

/** The name of errors on the wire. Those of users have a `:` before theirs. */
const ERROR = 'Error';
const SHARED = 'Shared';
const ARGUMENTS = 'the arguments';

/** What is used of devalue. */
export type TextLibrary = Pick<typeof Devalue, 'DevalueError' | 'parse' | 'stringify'>;

/** How shared values travel: by numbers. A side that does not have one of the two refuses them. */
interface HandleCodec {
  /** @throws SerializationError */
  write?(handle: object): number;
  read?(id: number): Shared<unknown>;
}

/**
 * @param library Asked for when the first value is written or read.
 * @param limit Bytes of one text at most.
 */
export function valueCodec(
  library: () => TextLibrary,
  reducers: Reducers | undefined,
  limit: number,
  handles: HandleCodec = {},
): ValueCodec {
  const own = Object.entries(reducers ?? {});
  const writing: Record<string, (value: unknown) => unknown> = {};
  const reading: Record<string, (value: never) => unknown> = {};
  for (const [name, reducer] of own) {
    writing[`:${name}`] = (value) => (reducer.test(value) ? [reducer.reduce(value as never)] : false);
    reading[`:${name}`] = ([reduced]: [never]) => reducer.rebuild(reduced);
  }
  writing[ERROR] = (value) => isError(value) && plainOf(value);
  reading[ERROR] = (plain: PlainError) => fromPlainError(plain);

  const { write: writeHandle, read: readHandle } = handles;
  if (writeHandle !== undefined)
    writing[SHARED] = (value) => isShared(value) && [writeHandle(value as object)];
  if (readHandle !== undefined) reading[SHARED] = ([id]: [number]) => readHandle(id);

  const isSpecial = (value: unknown): boolean => own.some(([, reducer]) => reducer.test(value));

  /** The errors of the text that is being written; without a value while an error is looked at. */
  const plains = new Map<Error, PlainError | undefined>();

  /** Once for each error: a chain of causes would double the work with each of them. @throws if it holds itself. */
  function plainOf(error: Error): PlainError {
    const known = plains.get(error);
    if (known !== undefined) return known;
    if (plains.has(error)) throw new Error('an error holds itself');
    plains.set(error, undefined);
    const plain = toPlainError(error, canWrite);
    plains.set(error, plain);
    return plain;
  }

  function canWrite(value: unknown): boolean {
    if (typeof value !== 'object' || value === null) return typeof value !== 'symbol';
    try {
      library().stringify(value, writing);
      return true;
    } catch {
      return false; // what cannot be sent, and what holds itself
    }
  }

  function write(value: unknown, what: string): string {
    let text: string;
    try {
      text = library().stringify(value, writing);
    } catch (error) {
      throw refusal(library(), error, what);
    } finally {
      plains.clear();
    }
    const size = Buffer.byteLength(text);
    if (size > limit) throw tooLarge(what, size, limit);
    return text;
  }

  function writeArguments(args: readonly unknown[]): string | readonly unknown[] {
    if (!isPlainJson(args, isSpecial)) return write(args, ARGUMENTS);
    const text = JSON.stringify(args);
    const size = Buffer.byteLength(text);
    if (size > limit) throw tooLarge(ARGUMENTS, size, limit);
    return args.some(isObject) ? JSON.parse(text) : args; // they may change until the job is sent
  }

  function read(text: string, what: string): unknown {
    try {
      return library().parse(text, reading as Record<string, (value: unknown) => unknown>);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const hint = reason.startsWith('Unknown type') ? '\n  hint: give both sides the same reducers' : '';
      throw new SerializationError(`cannot rebuild ${what}: ${reason}${hint}`, { cause: error });
    }
  }

  return {
    write,
    writeArguments,
    readArguments: (written) =>
      typeof written === 'string' ? (read(written, ARGUMENTS) as readonly unknown[]) : written,
    writeThrown(thrown) {
      try {
        return write(thrown, 'the error');
      } catch (error) {
        return library().stringify(withoutProperties(thrown, error, limit), {
          [ERROR]: (value: unknown) => isError(value) && toPlainError(value, canWrite),
        });
      }
    },
    read,
  };
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;

function refusal({ DevalueError }: TextLibrary, error: unknown, what: string): SerializationError {
  if (error instanceof SerializationError) return error;
  if (error instanceof DevalueError && isShared(error.value)) return noSharedValues(what);
  const reason = error instanceof Error ? error.message : String(error);
  const path = error instanceof DevalueError ? error.path : '';
  const place = path === '' ? '' : ` (at ${path})`;
  const hint = 'send plain data, or give both sides a reducer for such values';
  return new SerializationError(`cannot send ${what} through Redis: ${reason}${place}\n  hint: ${hint}`, {
    cause: error,
    ...(path === '' ? {} : { path: `${what}${path}` }),
  });
}

/** Jobs alone say which shared values a machine must have. */
const noSharedValues = (what: string): SerializationError =>
  new SerializationError(
    `cannot send ${what} through Redis: it holds a shared value, which only arguments and functions can\n` +
      '  hint: send the value itself',
  );

function tooLarge(what: string, size: number, limit: number): SerializationError {
  return new SerializationError(
    `cannot send ${what} through Redis: it has ${size} bytes, and maxPayload is ${limit}\n` +
      '  hint: give both sides a `store` for such values, or put it where all machines reach it (a bucket, a database, a shared folder) and send its name',
  );
}

/** The last resort: an error that is too large, or that throws when it is read. */
function withoutProperties(thrown: unknown, failure: unknown, limit: number): Error {
  const reason = failure instanceof Error ? failure.message.split('\n')[0] : 'unknown';
  if (!isError(thrown)) return new Error(`the task threw a value that cannot be sent: ${reason}`);
  const { class: className, message, stack } = toPlainError(thrown, () => false);
  const room = Math.max(100, Math.floor(limit / 20)); // far below: text grows when it is written
  const plain = {
    class: className,
    message: message.slice(0, room),
    stack: stack?.slice(0, room),
    properties: {},
  };
  return fromPlainError(plain);
}
