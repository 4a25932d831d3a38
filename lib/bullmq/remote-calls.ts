/** The pool of other machines, as `submit` and `map` see it: from a function and its arguments to the data of a job. */
import { SerializationError } from '../errors.ts';
import type { AnyFunction, Pool } from '../executor/pool-view.ts';
import { UnknownTaskError } from './errors.ts';
import type { RemoteSettings } from './executor-options.ts';
import { functionWriter } from './function-call.ts';
import type { RemotePool } from './remote-pool.ts';
import { attemptsOf, type RemoteTaskRequest, type RemoteTaskSettings } from './remote-task.ts';
import { type AllowFunctions, type SignedTerms, sign } from './signing.ts';
import { type JobData, PROTOCOL, type SignedCall } from './wire.ts';
import type { ValueCodec } from './wire-values.ts';

/** How many chunks of an async input are in flight: how many workers there are on how many machines is not known. */
const ASYNC_BUFFER = 64;

export type RemoteCalls = Pool<RemoteTaskSettings, RemoteTaskRequest>;

export function remoteCalls(
  pool: RemotePool,
  settings: RemoteSettings,
  executorId: string,
  codec: ValueCodec,
): RemoteCalls {
  const { tasks, queue, allowFunctions, maxPayload } = settings;
  const writeFunction = allowFunctions === undefined ? undefined : functionWriter(tasks.reducers);
  const keep = Math.ceil(settings.keepOutcomes / 1_000);
  let lastNumber = 0;

  function signedCall(fn: AnyFunction, args: readonly unknown[], terms: SignedTerms): SignedCall {
    if (writeFunction === undefined) throw unknownFunction(fn, tasks.names);
    const call = writeFunction(fn, args);
    const size = Buffer.byteLength(call);
    if (size <= maxPayload) return sign(allowFunctions as AllowFunctions, terms, call);
    throw new SerializationError(
      `cannot send the function ${fn.name || '(anonymous)'} through Redis: with its arguments it has ${size} bytes, and maxPayload is ` +
        `${maxPayload}\n  hint: put large values into a store that all machines reach, and send their names`,
    );
  }

  function dataOf(task: string | null, timeout: number | undefined, chunk: boolean): Omit<JobData, 'args'> {
    return {
      loky: PROTOCOL,
      task,
      chunk,
      reply: executorId,
      version: tasks.version ?? null,
      timeout: timeout ?? null,
      keep,
    };
  }

  return {
    expectRoom: () => pool.expectRoom(),
    get pendingCount() {
      return pool.pendingCount;
    },
    submit: (request) => pool.submit(request),
    asyncBuffer: ASYNC_BUFFER,
    /** @throws SerializationError, UnknownTaskError */
    prepare(fn, args, { settings, submitSite, isChunk }) {
      lastNumber += 1;
      const id = `${executorId}-${lastNumber}`;
      const task = tasks.nameOf(fn) ?? null;
      const name = settings.name ?? task ?? (fn.name || '(anonymous)');
      const common = dataOf(task, settings.timeout, isChunk);
      if (task !== null) {
        const data = { ...common, args: codec.writeArguments(args) };
        return { id, name, data, settings, submitSite };
      }
      const data = { ...common, args: '' };
      const attempts = attemptsOf(settings);
      const signed = signedCall(fn, args, { queue, id, name, attempts, data });
      return { id, name, data: { ...data, signed }, settings, submitSite };
    },
  };
}

function unknownFunction(fn: AnyFunction, names: readonly string[]): UnknownTaskError {
  return new UnknownTaskError(
    `the function ${fn.name || '(anonymous)'} is none of the tasks of this executor (${names.join(', ') || 'none'}): ` +
      'add it to defineTasks on both sides, or let functions travel with allowFunctions',
  );
}
