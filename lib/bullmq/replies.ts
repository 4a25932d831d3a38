/**
 * Tells executors what becomes of their jobs, many replies in one message. Messages may get lost: an executor also reads
 * the jobs themselves from time to time.
 */
import type { Redis } from 'ioredis';
import { clearTimeout, setImmediate, setTimeout } from '../system/timers.ts';
import { type Reply, type ReplyKind, repliesChannel } from './wire.ts';

/** Bytes of a text that goes into a message; Redis cuts off listeners whose messages pile up. */
const LARGEST_IN_MESSAGE = 64_000;
/** Milliseconds until an executor is told that a job has begun. */
const STARTED_DELAY = 10;

export interface Replies {
  /** @returns whether the text went into the message; if not, `stored` is to be sent once it lies in the job. */
  send(executor: string, jobId: string, kind: ReplyKind, text?: string): boolean;
  /** Sends at once what still waits. */
  close(): void;
}

/** By executor, and of each job the latest one. */
type Outgoing = Map<string, Map<string, Reply>>;

export function createReplies(redis: Redis, prefix: string, queue: string): Replies {
  const soon: Outgoing = new Map();
  /** A brief job has ended before anybody is told that it has begun: a message less for each. */
  const later: Outgoing = new Map();
  let timer: NodeJS.Timeout | undefined;

  function flush(outgoing: Outgoing): void {
    for (const [executor, replies] of outgoing) {
      if (replies.size === 0) continue;
      const message = JSON.stringify([...replies.values()]);
      redis.publish(repliesChannel(prefix, queue, executor), message).catch(() => {}); // the executor will look by itself
    }
    outgoing.clear();
  }

  function flushLater(): void {
    clearTimeout(timer);
    timer = undefined;
    flush(later);
  }

  return {
    send(executor, jobId, kind, text = '') {
      if (text.length > LARGEST_IN_MESSAGE) return false;
      const reply: Reply = [jobId, kind, text];
      if (kind === 'started') {
        put(later, executor, reply);
        timer ??= setTimeout(flushLater, STARTED_DELAY).unref();
        return true;
      }
      if (soon.size === 0) setImmediate(flush, soon);
      put(soon, executor, reply);
      later.get(executor)?.delete(jobId);
      return true;
    },
    close() {
      flush(soon);
      flushLater();
    },
  };
}

function put(outgoing: Outgoing, executor: string, reply: Reply): void {
  const replies = outgoing.get(executor);
  if (replies === undefined) outgoing.set(executor, new Map([[reply[0], reply]]));
  else replies.set(reply[0], reply);
}
