/** Reads from Redis what became of jobs, for replies that got lost: from the outcomes kept for an executor, else from the jobs. */
import type { Redis } from 'ioredis';
import { readOutcome } from './replies.ts';

export type JobOutlook =
  | { readonly kind: 'value' | 'error'; readonly text: string }
  /** It failed, and only BullMQ's words for it are known. */
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'running' | 'waiting' | 'missing' };

/** Where jobs and outcomes lie. */
export interface JobPlaces {
  keyOf(jobId: string): string;
  readonly outcomesKey: string;
}

type Fields = readonly (string | null)[];

const FIELDS = ['finishedOn', 'returnvalue', 'failedReason', 'timestamp'] as const;

/** In the order of the ids. @throws what Redis answers. */
export async function readJobs(
  redis: Redis,
  places: JobPlaces,
  ids: readonly string[],
): Promise<JobOutlook[]> {
  if (ids.length === 0) return [];
  const pipeline = redis.pipeline();
  for (const key of ids.map(places.keyOf)) pipeline.hmget(key, ...FIELDS).exists(`${key}:lock`);
  // Last: an outcome is written before its job is done, and may be removed.
  const answers = (await pipeline.hmget(places.outcomesKey, ...ids).exec()) ?? [];
  const [failure, outcomes] = answers[ids.length * 2] ?? [];
  if (failure) throw failure;
  return ids.map((id, index) => {
    const outcome = (outcomes as Fields | undefined)?.[index];
    if (outcome != null) return readOutcome(outcome);
    const [error, fields] = answers[index * 2] ?? [new Error('no answer'), undefined];
    if (error?.message.startsWith('WRONGTYPE')) return notOurs(`${places.keyOf(id)} holds no job`);
    if (error) throw error;
    const [, locked] = answers[index * 2 + 1] ?? [];
    return outlookOf(fields as Fields, locked === 1);
  });
}

/** Of a job whose outcome is kept no more, or that somebody else has done. */
function outlookOf(fields: Fields, isLocked: boolean): JobOutlook {
  const [finishedOn, value, reason, timestamp] = fields;
  if (timestamp == null) return { kind: 'missing' };
  if (finishedOn == null) return { kind: isLocked ? 'running' : 'waiting' };
  // A job that was done in the end keeps the reason of its attempts before.
  if (value == null && reason != null) return { kind: 'failed', reason };
  try {
    return { kind: 'value', text: value == null ? '' : String(JSON.parse(value)) };
  } catch {
    return notOurs('its result is no JSON');
  }
}

/** One job that somebody else has written to must not keep the others from being read. */
function notOurs(found: string): JobOutlook {
  return {
    kind: 'failed',
    reason: `what became of the task cannot be read: ${found}, somebody else has written it`,
  };
}
