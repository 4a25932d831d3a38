/**
 * Connections to Redis that never give up by themselves, and that say what is wrong while they are away. Knows
 * nothing of queues and jobs.
 */
import type { Redis, RedisOptions } from 'ioredis';
import { describe } from '../system/check.ts';
import { messageOf } from '../system/thrown.ts';
import { ioredis } from './engine.ts';
import type { QueueUnavailableError } from './errors.ts';
import { queueUnavailable } from './exchange.ts';

/**
 * Options of ioredis (with `sentinels` and `name` for Sentinel, `tls` for TLS), a URL (`redis://…`, `rediss://…`), or a
 * connection of ioredis, which is duplicated and left as it is. A Redis Cluster is refused.
 */
export type RedisConnection = RedisOptions | string | Redis;

/** Milliseconds between two attempts to connect, at most. */
export const LONGEST_RETRY = 1_000;

/** What Redis answers to a client whose login or permissions it refuses: trying again does not help. */
const REJECTED = /\b(?:WRONGPASS|NOAUTH|NOPERM)\b|AUTH .*called without any password/;
/** What Redis answers to a user without the needed permissions. */
const FORBIDDEN = /\bNOPERM\b/;
const FORBIDDEN_WAY_OUT =
  '. The password is right, but the user may not do this: an administrator can allow it with ACL SETUSER and the rules ' +
  '~bull:Q:* &bull:Q:* +@all -@dangerous +info, where bull is the prefix and Q the queue';
/** What Redis answers when it has no room. */
const FULL = /\bOOM\b|MISCONF|READONLY/;

/** Whether a connection is closed: those that BullMQ duplicates from it share its options, and look here. */
const lives = new WeakMap<Redis, { isClosed: boolean }>();

/** @throws TypeError if it is none of what `RedisConnection` allows. */
export function openRedis(connection: RedisConnection): Redis {
  const life = { isClosed: false };
  const redis = connect(connection, life);
  lives.set(redis, life);
  return redis;
}

/** The duplicates that BullMQ has made connect no more either: one that never was connected would retry without end. */
export function closeRedis(redis: Redis): void {
  const life = lives.get(redis);
  if (life !== undefined) life.isClosed = true;
  const isIdle = redis.status !== 'ready';
  redis.disconnect();
  if (isIdle) endStream(redis);
}

/** A connection that is not up is not told to quit: ioredis would wait for the end of its stream, even if that is long past. */
function endStream({ stream }: Redis): void {
  if (stream?.destroyed === true) stream.emit('close');
  else stream?.destroy();
}

function connect(connection: RedisConnection, life: { readonly isClosed: boolean }): Redis {
  const own = {
    replyMapping: 'legacy' as const, // that of ioredis 5, which BullMQ reads
    lazyConnect: false, // nothing else would connect it
    maxRetriesPerRequest: null, // BullMQ insists, and a command must outlive an outage
    retryStrategy: (times: number) =>
      life.isClosed ? null : Math.min(25 * 2 ** Math.min(times, 10), LONGEST_RETRY),
  };
  const { Redis } = ioredis();
  if (typeof connection === 'string') return new Redis(connection, own);
  assertConnection(connection);
  if (isInstance(connection)) return connection.duplicate(own);
  return new Redis({ ...connection, ...own });
}

/** Not by `instanceof`: the connection may come from another copy of ioredis. */
function isInstance(connection: object): connection is Redis {
  const { duplicate, status, isCluster } = connection as Partial<Redis>;
  return typeof duplicate === 'function' && typeof status === 'string' && isCluster !== true;
}

/** ioredis ignores options that it does not know, and would connect to 127.0.0.1:6379. @throws TypeError */
function assertConnection(connection: unknown): asserts connection is RedisOptions | Redis {
  const wanted = 'connection must be options of ioredis such as { host, port }, a URL or an ioredis instance';
  if (typeof connection !== 'object' || connection === null) {
    throw new TypeError(`${wanted}, got ${describe(connection)}`);
  }
  if (Array.isArray(connection) || (connection as Partial<Redis>).isCluster === true) {
    throw new TypeError(
      `${wanted}, got a Redis Cluster, which cannot be used: give it one Redis, with Sentinel where it must fail over ` +
        '({ sentinels, name }), and spread the load over several by a queue and a Redis for each kind of work',
    );
  }
  if (isInstance(connection)) return;
  const prototype: unknown = Object.getPrototypeOf(connection);
  const isPlain = prototype === null || Object.getPrototypeOf(prototype) === null;
  if (!isPlain) throw new TypeError(`${wanted}, got a client of another package`);
  const unread = ['url', 'socket', 'rootNodes'].find((key) => key in connection);
  if (unread === undefined) return;
  throw new TypeError(`${wanted}, but ${unread} is none of its options: it belongs to another package`);
}

/** Lets the process end although the connection is open. */
export function unrefWhenConnected(redis: Redis): void {
  const unref = (): void => {
    (redis.stream as { unref?: () => void } | undefined)?.unref?.();
  };
  redis.on('connect', unref);
  unref();
}

/** Whether Redis has refused to serve this program at all. */
export const isRejection = (error: unknown): boolean => REJECTED.test(messageOf(error));

/** Whether Redis has refused to write. */
export const isFull = (error: unknown): boolean => FULL.test(messageOf(error));

/** Names the place without the password. */
export function placeOf(redis: Redis): string {
  const { host, port, path, sentinels, name } = redis.options;
  if (sentinels != null && sentinels.length > 0) {
    const places = sentinels.map((each) => `${each.host ?? '127.0.0.1'}:${each.port ?? 26379}`);
    return `${name} of the Sentinels ${places.join(', ')}`;
  }
  return path ?? `${host ?? '127.0.0.1'}:${port ?? 6379}`;
}

/** @param during What was tried, or for how long. */
export function unavailable(redis: Redis, during: string, cause: unknown): QueueUnavailableError {
  return queueUnavailable(`Redis at ${placeOf(redis)}`, during, cause, wayOut(cause));
}

function wayOut(cause: unknown): string {
  if (FORBIDDEN.test(messageOf(cause))) return FORBIDDEN_WAY_OUT;
  if (isRejection(cause)) return '. Check the username and password of `connection`';
  if (isFull(cause))
    return '. Give Redis more memory, or remove finished jobs sooner (removeOnComplete, removeOnFail, keepOutcomes)';
  return '. Check that it runs and that host and port of `connection` are its own';
}
