/**
 * The exchange through BullMQ's relay, for engines that BullMQ reaches by a backend of its own: Postgres. Outcomes and
 * heartbeats are retained messages, which the engine removes by their age.
 */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Job, PostgresConnectionOptions, QueueOptions, Relay, RelaySubscription } from 'bullmq';
import { clearTimeout, setTimeout } from '../system/timers.ts';
import { bullmq } from './engine.ts';
import {
  type AwaitedJob,
  Exchange,
  type JobFields,
  type OutcomesToKeep,
  type OutgoingReplies,
  type QueueBackend,
  type QueuePlace,
  queueUnavailable,
  type Refused,
  type Subscription,
} from './exchange.ts';
import { withHandledErrors } from './postgres-errors.ts';
import type { Reply } from './wire.ts';
import { within } from './within.ts';

/** Milliseconds until the second attempt, and between later ones at most. */
const FIRST_RETRY = 50;
const LONGEST_RETRY = 1_000;
/** Milliseconds that a question may take, until the engine is taken for one that is away. */
const PATIENCE = 5_000;
const NO_ANSWER = `Postgres has not answered within ${PATIENCE} ms`;
/** Bytes of one message: many replies travel in one. */
const LARGEST_MESSAGE = 2 ** 28;
/** Messages that are listed at once. */
const PAGE = 100;

const ORDERS = 'orders';
const MACHINES = 'machines.';

/** SQLSTATEs of a refused login and of missing permissions; errors of BullMQ about the schema. */
const REJECTED_CODES = /^(?:28\w{3}|3D000|42501)$/;
const REJECTED_NAMES =
  /^(?:SchemaMigrationRequiredError|SchemaVersionMismatchError|UnsupportedPostgresVersionError)$/;
/** Of the connection: the server ends it, starts, or has too many; and those of the system. */
const OUTAGE_CODES = /^(?:08|57)\w{3}$|^53300$|^E[A-Z]+$/;
/** Of `pg` about a connection, which have no code, and that of a question that took too long. */
const OUTAGE_MESSAGES =
  /^(?:Connection terminated|Client has encountered a connection error|Client was closed|timeout e|Postgres has not answered)/;
/** SQLSTATEs of a database that is full or read-only. */
const FULL_CODES = /^(?:53100|53200|25006)$/;

export class RelayExchange extends Exchange {
  readonly #backend: QueueBackend;
  readonly #subscription: Subscription;
  #relay: Relay<PostgresConnectionOptions> | undefined;
  #isThere = false;
  #failures = 0;
  #retry: NodeJS.Timeout | undefined;
  readonly #waiting = new Map<string, Reply[]>();
  #sending: Promise<void> | undefined;
  readonly #followed = new Map<string, Promise<RelaySubscription>>();

  constructor(place: QueuePlace, subscription: Subscription) {
    super(place);
    const create = place.backend as QueueBackend;
    this.#backend = (...given) => withHandledErrors(create(...given));
    this.#subscription = subscription;
    void this.#open();
  }

  get isReady(): boolean {
    return this.#isThere && !this.isClosed;
  }

  unavailable(during: string, cause: unknown) {
    return queueUnavailable(`Postgres at ${nameOf(this.place)}`, during, cause, wayOut(cause));
  }

  refusedBy(error: unknown): Refused {
    const { code = '', name = '' } = (error ?? {}) as { code?: unknown; name?: unknown };
    if (REJECTED_CODES.test(String(code)) || REJECTED_NAMES.test(String(name))) return 'rejected';
    return FULL_CODES.test(String(code)) ? 'full' : undefined;
  }

  isOutage(error: unknown): boolean {
    const { code, message = '' } = (error ?? {}) as { code?: unknown; message?: unknown };
    return typeof code === 'string' ? OUTAGE_CODES.test(code) : OUTAGE_MESSAGES.test(String(message));
  }

  protected ofBullMQ() {
    return { options: { connection: this.place.connection } as QueueOptions, backend: this.#backend };
  }

  async follow(executor: string): Promise<void> {
    if (this.#followed.has(executor)) return;
    const subscription = this.#opened().subscribe(repliesTopic(executor), ({ data }) => this.#hear(data));
    this.#followed.set(executor, subscription);
    subscription.catch(() => this.#followed.delete(executor));
    await subscription;
  }

  unfollow(executor: string): void {
    const subscription = this.#followed.get(executor);
    this.#followed.delete(executor);
    subscription?.then((each) => each.unsubscribe()).catch(() => {}); // it was closed
  }

  async order(text: string): Promise<void> {
    await this.#opened().publish(ORDERS, text);
  }

  async keep(kept: readonly OutcomesToKeep[]): Promise<void> {
    const relay = this.#opened();
    const publishing = kept.flatMap(({ executor, outcomes, keep }) =>
      Object.entries(outcomes).map(([id, text]) =>
        this.#insist(() => relay.publish(outcomeTopic(executor, id), text, { retain: keep * 1_000 })),
      ),
    );
    await Promise.all(publishing);
  }

  /** Through outages: of a job that failed, only its outcome has the error. */
  async #insist(act: () => Promise<unknown>): Promise<void> {
    for (let delay = FIRST_RETRY; ; delay = Math.min(2 * delay, LONGEST_RETRY)) {
      try {
        await act();
        return;
      } catch (error) {
        if (this.isClosed || !this.isOutage(error)) throw error;
      }
      await sleep(delay);
    }
  }

  /** Messages are sent one after the other, for their order; those that come while one is sent are sent together. */
  async reply(outgoing: readonly OutgoingReplies[]): Promise<void> {
    for (const { executor, replies } of outgoing) {
      const waiting = this.#waiting.get(executor) ?? [];
      waiting.push(...replies);
      this.#waiting.set(executor, waiting);
    }
    this.#sending ??= this.#sendWaiting().finally(() => {
      this.#sending = undefined;
    });
    await this.#sending;
  }

  async #sendWaiting(): Promise<void> {
    while (this.#waiting.size > 0) {
      const all = [...this.#waiting];
      this.#waiting.clear();
      await Promise.all(all.map(([executor, replies]) => this.#send(executor, replies)));
    }
  }

  async #send(executor: string, replies: readonly Reply[]): Promise<void> {
    if (replies.length > 0) await this.#opened().publish(repliesTopic(executor), JSON.stringify(replies));
  }

  readJobs(jobs: readonly AwaitedJob[]): Promise<JobFields[]> {
    return this.#asking(Promise.all(jobs.map((job) => this.#readJob(job))));
  }

  /** The outcome last: it is written before its job is done. */
  async #readJob({ executor, id }: AwaitedJob): Promise<JobFields> {
    const job: Job | undefined = await this.queue.getJob(id);
    const isOver = job === undefined || job.finishedOn !== undefined;
    const [outcome, state] = await Promise.all([
      isOver ? this.#readOutcome(executor, id) : null,
      isOver ? undefined : this.queue.getJobState(id),
    ]);
    return {
      outcome,
      finishedOn: textOf(job?.finishedOn),
      returnvalue: job?.returnvalue == null ? null : JSON.stringify(job.returnvalue),
      failedReason: textOf(job?.failedReason),
      timestamp: textOf(job?.timestamp),
      processedBy: textOf(job?.processedBy),
      isRunning: state === 'active',
    };
  }

  async #readOutcome(executor: string, id: string): Promise<string | null> {
    let outcome: string | null = null;
    const subscription = await this.#opened().subscribe(outcomeTopic(executor, id), ({ data }) => {
      outcome = String(data);
    });
    await subscription.unsubscribe();
    return outcome;
  }

  async forget(executor: string, jobIds: readonly string[]): Promise<void> {
    const relay = this.#opened();
    await Promise.all(jobIds.map((id) => relay.deleteRetained(outcomeTopic(executor, id))));
  }

  /** They expire by age: those of one executor cannot be listed. */
  async forgetAll(): Promise<void> {}

  async machineCount(): Promise<number> {
    const subscriptions = await this.#asking(this.#opened().getSubscriptions({ pattern: ORDERS }));
    return subscriptions.length;
  }

  async beat(machine: string, text: string, lifetime: number): Promise<void> {
    await this.#opened().publish(MACHINES + machine, text, { retain: lifetime });
  }

  async endBeat(machine: string): Promise<void> {
    await this.#opened().deleteRetained(MACHINES + machine);
  }

  /** What is retained is listed by the time at which it ends: heartbeats are among the first. */
  async beats(): Promise<string[]> {
    const texts: string[] = [];
    for (let start = 0; ; start += PAGE) {
      const page = await this.#asking(this.#opened().getRetained(start, start + PAGE - 1));
      const now = Date.now();
      const found = page.filter(({ topic, expiresAt }) => topic.startsWith(MACHINES) && expiresAt > now);
      texts.push(...found.map(({ data }) => String(JSON.parse(data))));
      if (page.length < PAGE || found.length === 0) return texts;
    }
  }

  async probe(): Promise<void> {
    await this.#asking(this.#opened().publish('probe', '1', { retain: 10_000 }));
  }

  /** The driver of Postgres keeps the process alive while it has connections. */
  unref(): void {}

  protected disconnect(): void {
    clearTimeout(this.#retry);
    const closing = (this.#sending ?? Promise.resolve()).then(() => this.#relay?.close());
    closing.catch(() => {});
  }

  /** BullMQ never forgets that a first connection has failed: a new relay is made. */
  async #open(): Promise<void> {
    const { queue, prefix, connection } = this.place;
    const { Relay, createPostgresRelayBackend } = bullmq();
    const relay = new Relay<PostgresConnectionOptions>({
      connection: connection as PostgresConnectionOptions,
      backend: (options) => withHandledErrors(createPostgresRelayBackend(options)),
      namespace: namespaceOf(prefix, queue),
      name: 'loky',
      maxMessageSize: LARGEST_MESSAGE,
    });
    relay.on('error', (error: unknown) => this.#noteError(relay, error));
    relay.on('recovered', () => this.#isThere && this.emit('ready')); // messages of the outage were missed
    try {
      await relay.waitUntilReady();
      await this.#listen(relay);
    } catch {
      relay.close().catch(() => {}); // the listener for errors has heard of it
      this.#later(() => void this.#open());
      return;
    }
    this.#relay = relay;
    if (this.isClosed) relay.close().catch(() => {});
    else this.#noteBack();
  }

  async #listen(relay: Relay<PostgresConnectionOptions>): Promise<void> {
    if (this.#subscription === undefined) return;
    const topic = this.#subscription === 'orders' ? ORDERS : repliesTopic(this.#subscription.executor);
    await relay.subscribe(topic, ({ data }) => this.#hear(data));
  }

  #hear(data: unknown): void {
    this.emit('message', String(data));
  }

  #noteBack(): void {
    this.#failures = 0;
    this.#isThere = true;
    this.emit('writable');
    this.emit('ready');
  }

  #noteError(relay: Relay<PostgresConnectionOptions>, error: unknown): void {
    if (this.isClosed) return;
    this.emit('error', error);
    if (this.#relay === relay) this.#noteAway();
    else this.emit('away');
  }

  #noteAway(): void {
    this.#isThere = false;
    this.emit('away');
    this.#later(() => void this.#lookAgain());
  }

  async #lookAgain(): Promise<void> {
    try {
      await within(PATIENCE, this.#opened().getCounts(), NO_ANSWER);
    } catch (error) {
      if (this.isClosed) return;
      this.emit('error', error);
      this.emit('away');
      this.#later(() => void this.#lookAgain());
      return;
    }
    if (!this.isClosed) this.#noteBack();
  }

  #later(act: () => void): void {
    if (this.isClosed || this.#retry !== undefined) return;
    this.#failures += 1;
    this.#retry = setTimeout(
      () => {
        this.#retry = undefined;
        act();
      },
      Math.min(FIRST_RETRY * 2 ** Math.min(this.#failures - 1, 10), LONGEST_RETRY),
    );
  }

  /** A query also shows whether the engine is reachable: the driver reports a lost connection only when it is used. */
  async #asking<T>(question: Promise<T>): Promise<T> {
    try {
      return await within(PATIENCE, question, NO_ANSWER);
    } catch (error) {
      if (this.#isThere && !this.isClosed && this.isOutage(error)) {
        this.emit('error', error);
        this.#noteAway();
      }
      throw error;
    }
  }

  #opened(): Relay<PostgresConnectionOptions> {
    if (this.#relay === undefined) throw new Error('Postgres was not reached yet');
    return this.#relay;
  }
}

/** BullMQ takes letters, digits, `_` and `-` for a name, and 64 of them. */
function namespaceOf(prefix: string, queue: string): string {
  return `loky-${createHash('sha256').update(`${prefix}:${queue}`).digest('hex').slice(0, 32)}`;
}

/** Parts of a topic have no other characters than these, and a topic has 512. */
const part = (name: string): string =>
  name.replace(/[^A-Za-z0-9_:-]/gu, (each) => `%${each.codePointAt(0)?.toString(16)}%`);

const repliesTopic = (executor: string): string => `replies.${part(executor)}`;

const outcomeTopic = (executor: string, jobId: string): string => `outcomes.${part(executor)}.${part(jobId)}`;

const textOf = (value: unknown): string | null => (value == null ? null : String(value));

/** Names the place without the password. */
function nameOf({ connection }: QueuePlace): string {
  const options = typeof connection === 'string' ? { connectionString: connection } : connection;
  const { connectionString, host, port } = ((options as { options?: object }).options ?? options) as {
    connectionString?: string;
    host?: string;
    port?: number;
  };
  if (connectionString !== undefined && URL.canParse(connectionString)) return new URL(connectionString).host;
  return `${host ?? 'localhost'}:${port ?? 5432}`;
}

function wayOut(cause: unknown): string {
  const { name, code } = (cause ?? {}) as { name?: unknown; code?: unknown };
  if (REJECTED_NAMES.test(String(name)))
    return '. Create or bring up to date the schema of BullMQ once, with runMigrations of bullmq';
  if (code === '42501')
    return '. Allow this user to use the schema of BullMQ: GRANT USAGE, SELECT, INSERT, UPDATE, DELETE, EXECUTE';
  if (REJECTED_CODES.test(String(code)))
    return '. Check the user, the password and the database of `connection`';
  if (FULL_CODES.test(String(code))) return '. Give Postgres more room';
  return '. Check that it runs and that host and port of `connection` are its own';
}
