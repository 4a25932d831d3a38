/**
 * What becomes of a job that this machine cannot run although another one may: while a new version is rolled out, or a key is
 * changed. It goes back with a delay that grows, and fails once no machine took it for too long.
 */
import { SignatureError, UnknownTaskError, VersionSkewError } from './errors.ts';
import { payloadKeyOf } from './payload-store.ts';
import type { MachineReport } from './server-stats.ts';
import { isExpired } from './signing.ts';
import type { JobData } from './wire.ts';

/** Milliseconds. */
const SHORTEST_DELAY = 50;
export const LONGEST_DELAY = 2_000;

export type Refusal = UnknownTaskError | VersionSkewError | SignatureError;

export function isRefusal(error: unknown): error is Refusal {
  if (error instanceof SignatureError) return !isExpired(error);
  return error instanceof UnknownTaskError || error instanceof VersionSkewError;
}

/**
 * @param waited Milliseconds since a machine has refused the job for the first time.
 * @param bound How long machines may be looked for.
 * @param random From 0 to 1: jobs that are refused together do not come back together.
 * @returns milliseconds; `undefined` if the time is over.
 */
export function refusalDelay(waited: number, bound: number, random: number): number | undefined {
  if (waited >= bound) return undefined;
  const delay = Math.min(Math.max(waited / 2, SHORTEST_DELAY), LONGEST_DELAY) * (0.5 + random);
  return Math.min(Math.ceil(delay), Math.max(bound - waited, 0));
}

/** A machine, as far as it decides about a job. */
export type Capabilities = Pick<
  MachineReport,
  'draining' | 'protocol' | 'tasksVersion' | 'tasks' | 'hasStore' | 'keyName'
>;

/** Whether a machine takes a job when it has time for it. */
export function hasWhatItNeeds(machine: Capabilities, job: Partial<JobData>): boolean {
  const { signed, version, task } = job;
  if (machine.draining || machine.protocol !== job.loky) return false;
  const needsStore = payloadKeyOf(job) !== undefined || job.shared !== undefined;
  if (needsStore && !machine.hasStore) return false;
  const { tasksVersion } = machine;
  if (version != null && tasksVersion != null && version !== tasksVersion) return false;
  if (signed === undefined) return machine.tasks.includes(String(task));
  return signed.keyName !== undefined && signed.keyName === machine.keyName;
}

/** The error of the last machine, which says what it lacks, and how long others were looked for. */
export function nobodyTook(refusal: Refusal, jobId: string, bound: number): Refusal {
  const sort = [UnknownTaskError, VersionSkewError].find((each) => refusal instanceof each) ?? SignatureError;
  return new sort(
    `no machine took job ${jobId} within ${bound} ms (handBackTimeout of serveTasks). The last one said: ${refusal.message}`,
    { cause: refusal },
  );
}
