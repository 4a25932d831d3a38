/**
 * From a job to a call in the pool: checks what came, refuses what this machine must not run. Knows nothing of outcomes.
 */
import type { Job } from 'bullmq';
import type { ProcessPoolExecutor } from '../executor/process-pool-executor.ts';
import type { Future } from '../futures/future.ts';
import { mainScript } from '../system/main-script.ts';
import { SignatureError, VersionSkewError } from './errors.ts';
import { runGiven, runSigned, runTask } from './for-workers.ts';
import type { CallOrder, CallOutcome, SharedHandles } from './in-worker.ts';
import { type PayloadStore, textLimit } from './payload-store.ts';
import { type PoolCall, poolCall } from './pool-calls.ts';
import { type AllowFunctions, verify } from './signing.ts';
import { outputName } from './task-outputs.ts';
import { type TaskRegistry, taskNamed } from './task-registry.ts';
import { type JobData, PROTOCOL, type SignedCall } from './wire.ts';

export interface RunSettings {
  readonly queue: string;
  readonly executor: ProcessPoolExecutor;
  readonly tasks: TaskRegistry;
  readonly maxPayload: number;
  readonly store?: PayloadStore;
  readonly allowFunctions?: AllowFunctions;
}

type Submit = (call: PoolCall, order: CallOrder) => Future<CallOutcome>;

/** Calls with the same options are made once. */
const MANY_CALLS = 1_000;

/** @returns what starts a job's call, and throws what is wrong with the job. */
export function createJobRun(
  settings: RunSettings,
): (job: Job, data: Partial<JobData>, shared: SharedHandles | undefined) => Future<CallOutcome> {
  const { queue, executor, tasks } = settings;
  const limit = textLimit(settings);
  const calls = new Map<string, PoolCall>();
  const isOfMain = tasks.url === mainScript();

  function callFor(name: string, timeout: number | null | undefined): PoolCall {
    const key = `${timeout ?? ''} ${name}`;
    let call = calls.get(key);
    if (call === undefined) {
      if (calls.size >= MANY_CALLS) calls.clear();
      call = poolCall(executor, { name, ...(timeout == null ? {} : { timeout }) });
      calls.set(key, call);
    }
    return call;
  }

  function submitOf(job: Job, data: Partial<JobData>, shared: SharedHandles | undefined): Submit {
    if (data.signed !== undefined) {
      const { call: code } = data.signed;
      checkSignature(settings, job, data.signed);
      return (call, order) => call(runSigned, code, tasks.reducers, order, shared);
    }
    const name = String(data.task);
    const fn = taskNamed(tasks, name, 'the serving machine');
    if (isOfMain) return (call, order) => call(runGiven, fn, tasks.reducers, order, shared);
    return (call, order) => call(runTask, tasks.url, name, JSON.stringify(order), shared);
  }

  return (job, data, shared) => {
    const id = String(job.id);
    assertSameVersion(tasks, data);
    const submit = submitOf(job, data, shared);
    const args = data.args ?? '[]';
    const info = { id, attempt: job.attemptsStarted, queue };
    const order: CallOrder = { args, chunk: data.chunk === true, limit, job: info };
    const name = data.output === true ? outputName(job) : job.name;
    return submit(callFor(name, data.timeout), order);
  };
}

function checkSignature({ allowFunctions, queue }: RunSettings, job: Job, signed: SignedCall): void {
  const id = String(job.id);
  if (allowFunctions !== undefined) {
    const { name, data, opts } = job;
    verify(allowFunctions, { queue, id, name, attempts: opts.attempts ?? 1, data: data as JobData }, signed);
    return;
  }
  throw new SignatureError(
    `the serving machine takes no functions, only the tasks of its registry, and did not run job ${id}: ` +
      'add the function to defineTasks, or give serveTasks the same allowFunctions as the executor',
  );
}

function assertSameVersion(tasks: TaskRegistry, { loky, version }: Partial<JobData>): void {
  if (loky !== PROTOCOL) {
    throw new VersionSkewError(
      `the job was made for version ${loky} of the protocol of loky/bullmq, and the serving machine has version ${PROTOCOL}: ` +
        'install the same version of loky on both sides',
    );
  }
  const mine = tasks.version ?? null;
  if (version == null || mine === null || version === mine) return;
  throw new VersionSkewError(
    `the job was made for version ${JSON.stringify(version)} of the tasks, and the serving machine has ${JSON.stringify(mine)}: ` +
      'deploy the same tasks to both sides, or let each version have a queue of its own',
  );
}
