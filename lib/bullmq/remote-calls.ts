/** The pool of other machines, as `submit` and `map` see it: from a function and its arguments to the data of a job. */
import { SerializationError } from '../errors.ts';
import type { AnyFunction, Pool } from '../executor/pool-view.ts';
import { UnknownTaskError } from './errors.ts';
import type { RemoteSettings } from './executor-options.ts';
import { functionWriter } from './function-call.ts';
import { newPayloadKey, referenceTo } from './payload-store.ts';
import type { RemotePool } from './remote-pool.ts';
import type { RemoteShare, RemoteShares } from './remote-shares.ts';
import { attemptsOf, type RemoteTaskRequest, type RemoteTaskSettings, type Upload } from './remote-task.ts';
import { type AllowFunctions, type SignedTerms, sign } from './signing.ts';
import { type JobData, PROTOCOL, replyOfJob, type SignedCall } from './wire.ts';
import type { ValueCodec } from './wire-values.ts';

/** How many chunks of an async input are in flight: how many workers there are on how many machines is not known. */
const ASYNC_BUFFER = 64;

export type RemoteCalls = Pool<RemoteTaskSettings, RemoteTaskRequest>;

/** What is sent of a call: its fields in the job, and what goes into the store. */
interface Written {
  readonly data: JobData;
  readonly upload: Upload | undefined;
  readonly shares: readonly RemoteShare[];
}

export function remoteCalls(
  pool: RemotePool,
  settings: RemoteSettings,
  executorId: string,
  codec: ValueCodec,
  shares: RemoteShares,
): RemoteCalls {
  const { tasks, queue, allowFunctions, maxPayload, store } = settings;
  const writeFunction =
    allowFunctions === undefined ? undefined : functionWriter(tasks.reducers, shares.shareOf);
  const keep = Math.ceil(settings.keepOutcomes / 1_000);
  let lastNumber = 0;

  function uploadOf(text: string): Upload {
    return { key: newPayloadKey(queue, 'arguments'), text };
  }

  function writeCall(args: readonly unknown[], common: Omit<JobData, 'args'>): Written {
    const { written, fields, ...rest } = shares.collect(() => codec.writeArguments(args));
    if (store === undefined || sizeOf(written) <= maxPayload) {
      return { data: { ...common, ...fields, args: written }, upload: undefined, ...rest };
    }
    const upload = uploadOf(typeof written === 'string' ? written : codec.write(args, 'the arguments'));
    return { data: { ...common, ...fields, args: referenceTo(upload.key) }, upload, ...rest };
  }

  function writeSigned(fn: AnyFunction, args: readonly unknown[], unsigned: SignedTerms): Written {
    if (writeFunction === undefined) throw unknownFunction(fn, tasks.names);
    const { written: call, fields, ...rest } = shares.collect(() => writeFunction(fn, args));
    const data = { ...unsigned.data, ...fields };
    const size = Buffer.byteLength(call);
    const isLarge = size > maxPayload;
    if (isLarge && store === undefined) throw largeFunction(fn, size, maxPayload);
    const signed: SignedCall = sign(allowFunctions as AllowFunctions, { ...unsigned, data }, call);
    if (!isLarge) return { data: { ...data, signed }, upload: undefined, ...rest };
    const upload = uploadOf(call);
    return { data: { ...data, signed: { ...signed, call: referenceTo(upload.key) } }, upload, ...rest };
  }

  function dataOf(
    { timeout, queueTimeout, onOutput }: RemoteTaskSettings,
    fields: Pick<JobData, 'task' | 'chunk' | 'reply'>,
  ): Omit<JobData, 'args'> {
    return {
      ...fields,
      loky: PROTOCOL,
      version: tasks.version ?? null,
      timeout: timeout ?? null,
      keep,
      startBy: queueTimeout === undefined ? null : Date.now() + Math.ceil(queueTimeout),
      output: onOutput !== undefined,
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
      const id = settings.jobId ?? `${executorId}-${lastNumber}`;
      const kind = settings.isDetached ? 'detached' : settings.jobId === undefined ? 'own' : 'shared';
      const task = tasks.nameOf(fn) ?? null;
      const name = settings.name ?? task ?? (fn.name || '(anonymous)');
      const reply = kind === 'own' ? executorId : replyOfJob(id);
      const common = dataOf(settings, { task, chunk: isChunk, reply });
      const attempts = attemptsOf(settings);
      const written =
        task === null
          ? writeSigned(fn, args, { queue, id, name, attempts, data: { ...common, args: '' } })
          : writeCall(args, common);
      return { id, kind, name, ...written, settings, submitSite };
    },
  };
}

const sizeOf = (written: string | readonly unknown[]): number =>
  Buffer.byteLength(typeof written === 'string' ? written : JSON.stringify(written));

function largeFunction(fn: AnyFunction, size: number, maxPayload: number): SerializationError {
  return new SerializationError(
    `cannot send the function ${fn.name || '(anonymous)'} through Redis: with its arguments it has ${size} bytes, and maxPayload is ` +
      `${maxPayload}\n  hint: give both sides a \`store\` for such values, or put large ones where all machines reach them, and send their names`,
  );
}

function unknownFunction(fn: AnyFunction, names: readonly string[]): UnknownTaskError {
  return new UnknownTaskError(
    `the function ${fn.name || '(anonymous)'} is none of the tasks of this executor (${names.join(', ') || 'none'}): ` +
      'add it to defineTasks on both sides, or let functions travel with allowFunctions',
  );
}
