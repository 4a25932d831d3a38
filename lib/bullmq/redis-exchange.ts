/** The exchange through Redis: one connection that writes, one that listens. */
import type { Redis } from 'ioredis';
import {
  closeRedis,
  isFull,
  isRejection,
  openRedis,
  type RedisConnection,
  unavailable,
  unrefWhenConnected,
} from './connection.ts';
import {
  type AwaitedJob,
  Exchange,
  type JobFields,
  type OutcomesToKeep,
  type OutgoingReplies,
  type QueuePlace,
  type Subscription,
} from './exchange.ts';

/** `pb` is BullMQ's field for the name of the worker that processed the job. */
const FIELDS = ['finishedOn', 'returnvalue', 'failedReason', 'timestamp', 'pb'] as const;

type Answers = [error: Error | null, result: unknown][];

export class RedisExchange extends Exchange {
  readonly #writer: Redis;
  readonly #subscriber: Redis | undefined;
  #isSubscribed: boolean;

  constructor(place: QueuePlace, subscription: Subscription) {
    super(place);
    const connection = place.connection as RedisConnection;
    this.#writer = openRedis(connection);
    this.#subscriber = subscription === undefined ? undefined : openRedis(connection);
    this.#isSubscribed = this.#subscriber === undefined;
    for (const redis of this.#connections) {
      redis.on('error', (error) => this.emit('error', error));
      redis.on('close', () => this.#noteAway());
    }
    this.#writer.on('ready', () => {
      this.emit('writable');
      this.#noteReady();
    });
    if (subscription !== undefined) this.#listen(this.#channelOf(subscription));
  }

  get isReady(): boolean {
    return !this.isClosed && this.#isSubscribed && this.#writer.status === 'ready';
  }

  get #connections(): readonly Redis[] {
    return this.#subscriber === undefined ? [this.#writer] : [this.#writer, this.#subscriber];
  }

  unavailable(during: string, cause: unknown) {
    return unavailable(this.#writer, during, cause);
  }

  refusedBy(error: unknown) {
    if (isRejection(error)) return 'rejected';
    return isFull(error) ? 'full' : undefined;
  }

  /** Commands outlive outages here: ioredis sends them again. */
  isOutage(): boolean {
    return false;
  }

  protected ofBullMQ() {
    return { options: { connection: this.#writer, prefix: this.place.prefix } };
  }

  async follow(executor: string): Promise<void> {
    await this.#subscriber?.subscribe(this.#channelOf({ executor }));
  }

  unfollow(executor: string): void {
    this.#subscriber?.unsubscribe(this.#channelOf({ executor })).catch(() => {}); // the connection was closed
  }

  async order(text: string): Promise<void> {
    await this.#writer.publish(this.#name('orders'), text);
  }

  /** The worker has the same connection, which keeps the order: there is no answer to wait for. */
  async keep(kept: readonly OutcomesToKeep[]): Promise<void> {
    const pipeline = this.#writer.pipeline();
    for (const { executor, outcomes, keep } of kept) {
      const key = this.#outcomes(executor);
      pipeline.hset(key, outcomes).expire(key, keep);
    }
    if (pipeline.length > 0) pipeline.exec().catch(() => {}); // moving the job fails as well
  }

  async reply(outgoing: readonly OutgoingReplies[]): Promise<void> {
    const pipeline = this.#writer.pipeline();
    for (const { executor, replies } of outgoing) {
      if (replies.length > 0) pipeline.publish(this.#channelOf({ executor }), JSON.stringify(replies));
    }
    if (pipeline.length > 0) await pipeline.exec();
  }

  async readJobs(jobs: readonly AwaitedJob[]): Promise<JobFields[]> {
    const { prefix, queue } = this.place;
    const pipeline = this.#writer.pipeline();
    const keys = jobs.map(({ id }) => `${prefix}:${queue}:${id}`);
    for (const key of keys) pipeline.hmget(key, ...FIELDS).exists(`${key}:lock`);
    // Last: an outcome is written before its job is done, and may be removed.
    for (const { executor, id } of jobs) pipeline.hget(this.#outcomes(executor), id);
    const answers = ((await pipeline.exec()) ?? []) as Answers;
    return keys.map((key, index) => {
      const [failure, outcome = null] = answers[keys.length * 2 + index] ?? [];
      if (failure) throw failure;
      return fieldsOf(key, outcome as string | null, answers[index * 2], answers[index * 2 + 1]?.[1] === 1);
    });
  }

  async forget(executor: string, jobIds: readonly string[]): Promise<void> {
    await this.#writer.hdel(this.#outcomes(executor), ...jobIds);
  }

  async forgetAll(executor: string): Promise<void> {
    await this.#writer.unlink(this.#outcomes(executor));
  }

  async machineCount(): Promise<number> {
    const [, count] = (await this.#writer.pubsub('NUMSUB', this.#name('orders'))) as [string, number];
    return Number(count);
  }

  /** A key for each, which Redis removes by its own clock. */
  async beat(machine: string, text: string, lifetime: number): Promise<void> {
    const pipeline = this.#writer.pipeline();
    pipeline.set(this.#machine(machine), text, 'PX', lifetime);
    await pipeline.sadd(this.#name('machines'), machine).exec();
  }

  async endBeat(machine: string): Promise<void> {
    const pipeline = this.#writer.pipeline().unlink(this.#machine(machine));
    await pipeline.srem(this.#name('machines'), machine).exec();
  }

  async beats(): Promise<string[]> {
    const machines = await this.#writer.smembers(this.#name('machines'));
    if (machines.length === 0) return [];
    const texts = await this.#writer.mget(machines.map((each) => this.#machine(each)));
    const gone = machines.filter((_, index) => texts[index] === null);
    if (gone.length > 0) await this.#writer.srem(this.#name('machines'), ...gone);
    return texts.filter((text) => text !== null);
  }

  async probe(): Promise<void> {
    await this.#writer.set(this.#name('probe'), '1', 'PX', 10_000);
  }

  unref(): void {
    for (const redis of this.#connections) unrefWhenConnected(redis);
  }

  protected disconnect(): void {
    for (const redis of this.#connections) closeRedis(redis);
  }

  /** Of a key or a channel beside the jobs, whose removal is for all submitters. */
  #name(what: string): string {
    const { prefix, queue } = this.place;
    return `${prefix}:${queue}:loky:${what}`;
  }

  #channelOf(subscription: NonNullable<Subscription>): string {
    return this.#name(subscription === 'orders' ? subscription : `replies:${subscription.executor}`);
  }

  /** A hash: the outcomes that an executor may not have heard of, by job. */
  #outcomes(executor: string): string {
    return this.#name(`outcomes:${executor}`);
  }

  /** The heartbeat of one machine, which Redis removes when it is not renewed. The set `machines` says for whom to look. */
  #machine(machine: string): string {
    return this.#name(`machine:${machine}`);
  }

  #listen(channel: string): void {
    const subscriber = this.#subscriber as Redis;
    subscriber.on('message', (_channel, message) => this.emit('message', message));
    subscriber.on('ready', () => {
      subscriber.subscribe(channel).then(
        () => {
          this.#isSubscribed = true;
          this.#noteReady();
        },
        (error: unknown) => this.emit('error', error),
      );
    });
  }

  #noteReady(): void {
    if (this.isReady) this.emit('ready');
  }

  #noteAway(): void {
    if (this.#subscriber !== undefined && this.#subscriber.status !== 'ready') this.#isSubscribed = false;
    if (!this.isClosed) this.emit('away');
  }
}

function fieldsOf(
  key: string,
  outcome: string | null,
  answer: Answers[number] | undefined,
  isRunning: boolean,
): JobFields {
  const [error, fields] = answer ?? [new Error('no answer'), undefined];
  const problem = error?.message.startsWith('WRONGTYPE') ? `${key} holds no job` : undefined;
  if (error && problem === undefined && outcome === null) throw error;
  const [finishedOn = null, returnvalue = null, failedReason = null, timestamp = null, processedBy = null] =
    (fields ?? []) as (string | null)[];
  return {
    ...{ outcome, finishedOn, returnvalue, failedReason, timestamp, processedBy, isRunning },
    ...(problem === undefined ? {} : { problem }),
  };
}
