/** What a job keeps in the store instead of in the queue: its arguments, or its function. */
import type { Job } from 'bullmq';
import { VersionSkewError } from './errors.ts';
import { getPayload, keyIn, type PayloadStore } from './payload-store.ts';
import type { JobData } from './wire.ts';

export const hasPayload = ({ args, signed }: Partial<JobData>): boolean =>
  keyIn(args) !== undefined || keyIn(signed?.call) !== undefined;

/**
 * The data with what lies in the store. A signature is checked afterwards: it is that of the function itself.
 *
 * @throws VersionSkewError if this machine has no store: another one may. PayloadStoreError
 */
export async function withPayload(
  store: PayloadStore | undefined,
  job: Job,
  data: Partial<JobData>,
): Promise<Partial<JobData>> {
  const key = (keyIn(data.args) ?? keyIn(data.signed?.call)) as string;
  if (store === undefined) {
    throw new VersionSkewError(
      `the arguments of job ${job.id} lie in a store (key ${key}), and the serving machine has none: give serveTasks the same store ` +
        'as the executor has',
    );
  }
  const text = (await getPayload(store, key, `the arguments of job ${job.id}`)).toString();
  return data.signed === undefined
    ? { ...data, args: text }
    : { ...data, signed: { ...data.signed, call: text } };
}
