/**
 * Tells executors what becomes of their jobs, many replies in one message. Messages may get lost: an executor also reads
 * the jobs themselves from time to time.
 */
import type { Redis } from 'ioredis';
import { type Reply, type ReplyKind, repliesChannel } from './wire.ts';

/** Bytes of a text that goes into a message; Redis cuts off listeners whose messages pile up. */
const LARGEST_IN_MESSAGE = 64_000;

export interface Replies {
  /** @returns whether the text went into the message; if not, `stored` is to be sent once it lies in the job. */
  send(executor: string, jobId: string, kind: ReplyKind, text?: string): boolean;
}

export function createReplies(redis: Redis, prefix: string, queue: string): Replies {
  const waiting = new Map<string, Map<string, Reply>>();

  function flush(): void {
    for (const [executor, replies] of waiting) {
      const message = JSON.stringify([...replies.values()]);
      redis.publish(repliesChannel(prefix, queue, executor), message).catch(() => {}); // the executor will look by itself
    }
    waiting.clear();
  }

  return {
    send(executor, jobId, kind, text = '') {
      if (text.length > LARGEST_IN_MESSAGE) return false;
      if (waiting.size === 0) setImmediate(flush);
      let replies = waiting.get(executor);
      if (replies === undefined) {
        replies = new Map();
        waiting.set(executor, replies);
      }
      replies.set(jobId, [jobId, kind, text]); // takes the place of its `started`, if that was not sent yet
      return true;
    },
  };
}
