/** Reads from the jobs themselves what became of them, for replies that got lost. Changes nothing. */
import type { Redis } from 'ioredis';
import { ERROR_FIELD } from './wire.ts';

export type JobOutlook =
  | { readonly kind: 'value' | 'error'; readonly text: string }
  /** It failed, and only BullMQ's words for it are known. */
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'running' | 'waiting' | 'missing' };

const FIELDS = ['finishedOn', 'returnvalue', ERROR_FIELD, 'failedReason', 'timestamp'] as const;

/** In the order of the keys. @throws what Redis answers. */
export async function readJobs(redis: Redis, keys: readonly string[]): Promise<JobOutlook[]> {
  const pipeline = redis.pipeline();
  for (const key of keys) pipeline.hmget(key, ...FIELDS).exists(`${key}:lock`);
  const answers = (await pipeline.exec()) ?? [];
  return keys.map((_, index) => {
    const [error, fields] = answers[index * 2] ?? [new Error('no answer'), undefined];
    if (error?.message.startsWith('WRONGTYPE')) return notOurs(`${keys[index]} holds no job`);
    if (error) throw error;
    const [, locked] = answers[index * 2 + 1] ?? [];
    return outlookOf(fields as (string | null)[], locked === 1);
  });
}

function outlookOf(fields: readonly (string | null)[], isLocked: boolean): JobOutlook {
  const [finishedOn, value, error, reason, timestamp] = fields;
  if (timestamp == null) return { kind: 'missing' };
  if (finishedOn == null) return { kind: isLocked ? 'running' : 'waiting' };
  // A job that was done in the end keeps the errors of its attempts before.
  if (value == null && error != null) return { kind: 'error', text: error };
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
