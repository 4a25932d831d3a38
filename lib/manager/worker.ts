/** A worker, as the manager sees it: its process and pipe, what it runs, what it was sent. */

import type { WorkerProcess } from '../child/child-process.ts';
import type { EndedFor, ExitReport, TerminationContext } from '../child/exit-report.ts';
import { bytesOf } from '../child/frames.ts';
import { encodeCount, type Frame, FrameKind } from '../child/protocol.ts';
import type { Definition, InlineBody, Payload } from '../sending/common/payload.ts';
import { messageOf } from '../system/thrown.ts';
import { TimeLimit } from '../system/time-limit.ts';
import { receiveOrder } from '../watchdog/temporary-files.ts';
import type { OutputLine } from './pool-events.ts';
import { SentTasks } from './run-ahead.ts';
import type { Task } from './task.ts';
import type { Message } from './task-messages.ts';
import { TaskNames } from './task-names.ts';
import type { EncodedCall, WorkerSetup } from './worker-setup.ts';

/**
 * - `booting`: the process starts · `initializing`: it runs, and prepares itself
 * - `spare`: ready, in reserve · `idle` · `busy`
 * - `leaving`: asked to go, runs nothing any more · `killed`: ended by us · `gone`
 */
export type WorkerState =
  | 'booting'
  | 'initializing'
  | 'spare'
  | 'idle'
  | 'busy'
  | 'leaving'
  | 'killed'
  | 'gone';

/** `demand`: a task waits, or `prewarm` and `minWorkers` ask for it. */
export type WorkerStartReason = 'demand' | 'reserve' | 'replacement';

/** Why the pool itself ends a worker. */
export type WorkerEndReason =
  | 'idle-timeout'
  | 'resized'
  | 'recycled'
  | 'shutdown'
  | 'broken'
  | 'cancelled'
  | 'timed-out'
  | 'start-timeout';

/** A task that was asked to end by itself (`killGrace`): its future is settled, and its worker is busy until it ends. */
export interface Interruption {
  readonly task: Task;
  /** Why its worker is killed if the task does not end. `shutdown`: the worker is killed in any case. */
  reason: WorkerEndReason;
  readonly grace: TimeLimit;
}

/** The manager: called with what a worker does. */
export interface WorkerOwner {
  /** It is booted and initialized. */
  onReady(worker: PoolWorker): void;
  /** It was not ready within the time it has for that. */
  onStartTooSlow(worker: PoolWorker): void;
  /** Its messages about tasks, and those that the pool decides about. An error thrown here kills the worker. */
  onMessage(worker: PoolWorker, frame: Frame): void;
  /** Its process has ended, and all that it had sent was read. */
  onExit(worker: PoolWorker, exit: ExitReport): void;
  /** It has left no trace. */
  onGone(worker: PoolWorker): void;
}

/** A call of more bytes takes a while until it is in the worker and built. */
const LARGE_CALL = 256 * 1024;

/** So many functions and codes a worker keeps, beside those of the call that it gets. */
const MOST_DEFINITIONS = 4000;

/** While its settings are made: code of the user may be asked for the environment, and ask the pool in turn. */
const NOT_STARTED: WorkerProcess = {
  pid: undefined,
  claims: undefined,
  marksOutput: false,
  send() {},
  channel: undefined,
  leave() {},
  kill() {},
};

export class PoolWorker {
  /** The place in the pool; a worker that takes over another place gets its number. */
  rank: number;
  /** Started to be kept in reserve, or there already. */
  reserve: boolean;
  state: WorkerState = 'booting';
  /** The tasks that it was sent and has not answered. */
  readonly sent = new SentTasks();
  tasksDone = 0;
  /** What it was sent last, if that was a task to begin at once. */
  #sentLast: Task | undefined;
  /** `tasksDone` when it was last looked at. */
  lastSeenDone = 0;
  idleSince = 0;
  readyAt = 0;
  /** Last memory seen with descendants, in bytes, and CPU use in percent of one core. */
  memory: number | undefined;
  cpu: number | undefined;
  isWatched = false;
  /** Its end is not seen yet, but nothing that it was sent from now on would run. */
  isDying = false;
  /** What a task had left behind threw this; the worker is about to exit. */
  uncaught: { readonly error: unknown } | undefined;
  /** It was ended because it sent what is not part of the protocol. */
  fault: string | undefined;
  /** The watchdog ended it for passing this limit, in bytes. */
  memoryLimit: number | undefined;
  /** Why the pool ends it; `undefined` for one that dies by itself. */
  endReason: WorkerEndReason | undefined;
  /** Of the task that it is at. */
  interruption: Interruption | undefined;
  /** It runs its teardown, and leaves when it has ended. */
  isTearingDown = false;
  /** It leaves when it has answered. */
  isRetiring = false;
  /** How many tasks it runs at once. */
  readonly capacity: number;
  /** It may run several. */
  readonly isShared: boolean;
  /** It gets no task until it has answered all that it has. */
  isCrowded = false;
  /** The task on whose account the pool has ended it, and what became of that: the others lose their worker without having done anything. */
  endedFor: EndedFor | undefined;
  /** The worker that takes its place is started already. */
  hasReplacement = false;
  startLimit: TimeLimit | undefined;
  process: WorkerProcess = NOT_STARTED;
  #owner: WorkerOwner | undefined;
  /** The modules that it loads at this moment: for its task, or to get ready. */
  loading: string | undefined;
  /** It was sent some since it was last asked to announce that a call is built. */
  #hasNewDefinitions = false;
  /** What it prepares may keep it from its next call. */
  #preparations = 0;
  /** Of the tasks that it was sent: lines of its output have the numbers alone. */
  readonly names = new TaskNames();
  /** Of the definitions that it knows. */
  readonly #sentIds = new Set<number>();
  /** Resolves when it has left no trace. */
  readonly gone: Promise<void>;
  #resolveGone = () => {};

  constructor(rank: number, reserve: boolean, capacity = 1) {
    this.rank = rank;
    this.reserve = reserve;
    this.capacity = capacity;
    this.isShared = capacity > 1;
    this.gone = new Promise((resolve) => {
      this.#resolveGone = resolve;
    });
  }

  /** @param startTimeout In milliseconds. */
  start(
    setup: WorkerSetup,
    startTimeout: number,
    owner: WorkerOwner,
    onOutput: (output: OutputLine) => void,
  ): void {
    this.#owner = owner;
    this.startLimit = new TimeLimit(startTimeout, () => owner.onStartTooSlow(this));
    this.process = setup.startProcess(this.rank, {
      onFrame: this.#onFrame,
      onOutput: (stream, line, id, isUnfinished) =>
        onOutput({ stream, line, task: this.names.nameOf(stream, id), isUnfinished }),
      onExit: (exit) => owner.onExit(this, exit),
      onGone: () => {
        owner.onGone(this);
        this.#resolveGone();
      },
    });
    if (!this.isShared) this.sent.claims = this.process.claims; // the order of its answers is unknown: nothing is sent ahead
    if (this.state === 'killed') this.process.kill(); // by code of the user that was asked for its environment
  }

  /** It reads this when it has booted, and answers with `started`, then `ready`. */
  initialize({ initializer }: WorkerSetup): void {
    if (initializer !== undefined) this.sendDefinitions(initializer.definitions);
    this.process.send(FrameKind.initialize, 0, initializer?.payload);
  }

  /** A frame that no worker of this package sends ends it, which is reported like any other death. */
  readonly #onFrame = (frame: Frame): void => {
    const owner = this.#owner as WorkerOwner;
    switch (frame.kind) {
      case FrameKind.started:
        if (this.state === 'booting') this.state = 'initializing';
        break;
      case FrameKind.ready:
        if (this.state !== 'initializing') break;
        this.startLimit?.stop();
        owner.onReady(this);
        break;
      case FrameKind.resource:
        receiveOrder(frame.body);
        break;
      default:
        try {
          owner.onMessage(this, frame);
        } catch (error) {
          this.killForProtocolError(messageOf(error));
        }
    }
  };

  get pid(): number | undefined {
    return this.process.pid;
  }

  get isStarting(): boolean {
    return this.state === 'booting' || this.state === 'initializing';
  }

  /** Counts among the `maxWorkers`. */
  get isActive(): boolean {
    return (this.isStarting && !this.reserve) || this.state === 'idle' || this.state === 'busy';
  }

  /** What an exit report should say of it. */
  get lastSeen(): Omit<TerminationContext, 'task'> {
    const { rank, memory, memoryLimit, uncaught, fault, loading, endedFor } = this;
    const others = this.isShared ? Math.max(0, this.taskCount - 1) : 0;
    return { rank, memory, memoryLimit, uncaught, fault, loading, endedFor, others };
  }

  get taskCount(): number {
    return this.sent.tasks.length;
  }

  /** All that it is running, or about to. */
  get tasks(): readonly Task[] {
    return this.sent.tasks.slice(0, this.capacity);
  }

  /** Of several that it runs at once, the one that was sent under this number. */
  sharingTask(id: number): Task | undefined {
    return this.isShared ? this.sent.tasks.find(({ wireId }) => wireId === id) : undefined;
  }

  get takesMore(): boolean {
    return !this.isRetiring && !this.isDying && !this.isCrowded && this.memoryLimit === undefined;
  }

  /** What it is running, or about to; of several, the one that was sent first. */
  get task(): Task | undefined {
    return this.sent.tasks[0];
  }

  get canPipeline(): boolean {
    return !this.isRetiring && !this.isDying && this.interruption === undefined && this.sent.mayPost;
  }

  /** A call that waits for what is being loaded for another one has to be announced, too. */
  get #isLoading(): boolean {
    return this.sent.tasks.some(({ isLoading }) => isLoading);
  }

  /**
   * It begins at once, as it has nothing else to do, or runs several. `false` if it may have to load or to read for a while first: it
   * announces then when the task is built. It says by itself when it loads what could not be foreseen.
   */
  run(task: Task, id: number, payload: Payload): boolean {
    const isKnown = !this.isShared || !this.#isLoading;
    this.state = 'busy';
    this.sent.begin(task);
    if (this.process.marksOutput) this.names.add(id, task.name);
    if (task.messages !== undefined) for (const message of task.messages.all) this.sendMessage(id, message);
    this.sendDefinitions(task.definitions);
    const beginsAtOnce =
      isKnown && !this.#hasNewDefinitions && this.#preparations === 0 && bytesOf(payload) <= LARGE_CALL;
    this.#hasNewDefinitions = false;
    if (!beginsAtOnce) this.process.send(FrameKind.announce, id);
    if (task.isChunk && task.plan !== undefined && !this.isShared)
      this.#sendClaims(task, id, task.plan.claimedAtOnce);
    if (task.stream !== undefined) this.grantValues(id, task.stream.begin());
    if (task.traceContext !== undefined) this.#sendTraceContext(task.traceContext, id);
    this.process.send(kindOf(task), id, payload);
    this.#sentLast = task;
    return beginsAtOnce;
  }

  // What is said to a task before its call or while it runs: nothing that came before is what the worker reads last.

  grantValues(id: number, count: number): void {
    this.#sentLast = undefined;
    this.process.send(FrameKind.credit, id, { body: encodeCount(count), views: [] });
  }

  stopStream(id: number): void {
    this.#sentLast = undefined;
    this.process.send(FrameKind.stopStream, id);
  }

  sendMessage(id: number, { definitions, payload }: Message): void {
    this.sendDefinitions(definitions);
    this.process.send(FrameKind.message, id, payload);
  }

  #sendTraceContext(traceContext: string, id: number): void {
    this.process.send(FrameKind.traceContext, id, { body: Buffer.from(traceContext), views: [] });
  }

  /** Without room for the claims, the worker runs the whole chunk. */
  #sendClaims({ itemCount }: Task, id: number, claimedAtOnce: number): void {
    const hasClaims = this.sent.postChunk(id, Math.ceil(itemCount / claimedAtOnce) - 1);
    const limit = { body: encodeCount(itemCount), views: [] };
    this.process.send(FrameKind.claimed, hasClaims ? claimedAtOnce : itemCount, limit);
  }

  /** The items of a chunk that it has not claimed. */
  revokeItems(task: Task): void {
    if (task !== this.task || task.plan === undefined) return;
    const claims = this.sent.revokeChunk();
    if (claims === undefined) return;
    task.itemCount = Math.min(task.itemCount, (claims + 1) * task.plan.claimedAtOnce);
  }

  /**
   * The same for a call that can be written straight into its frame, of a function that the worker knows: it begins at
   * once. `false` if that cannot be done: nothing has happened then.
   */
  runInline(task: Task, id: number): boolean {
    const { channel } = this.process;
    if (task.traceContext !== undefined) return false;
    if (channel === undefined || this.#hasNewDefinitions || this.#preparations > 0) return false;
    if (this.isShared && this.#isLoading) return false;
    for (const definition of task.definitions) if (!this.#sentIds.has(definition.id)) return false;
    if (!channel.sendInline(FrameKind.call, id, task.call as InlineBody)) return false;
    this.state = 'busy';
    this.sent.begin(task);
    if (this.process.marksOutput) this.names.add(id, task.name);
    this.#sentLast = task;
    return true;
  }

  /** The task that it was to begin at once and cannot have begun, as it died with something unread. */
  unbegunAt({ leftUnread }: ExitReport): Task | undefined {
    return leftUnread ? this.#sentLast : undefined;
  }

  /**
   * It begins them when it has finished what it has, unless they are revoked before. Returns how many of them there was
   * room for.
   */
  sendAhead(tasks: readonly Task[], payloads: readonly Payload[]): number {
    this.#sentLast = undefined;
    const count = this.sent.post(tasks);
    for (let index = 0; index < count; index += 1) {
      const task = tasks[index] as Task;
      if (this.process.marksOutput) this.names.add(task.wireId, task.name);
      this.sendDefinitions(task.definitions);
      if (task.traceContext !== undefined) this.#sendTraceContext(task.traceContext, task.wireId);
      this.process.send(FrameKind.callAhead, task.wireId, payloads[index]);
    }
    return count;
  }

  /** It broke the protocol, which is reported like any other death. */
  killForProtocolError(fault: string): void {
    this.fault = fault;
    this.isDying = true;
    this.process.kill();
  }

  sendDefinitions(definitions: readonly Definition[]): void {
    this.#sentLast = undefined;
    if (this.#sentIds.size > MOST_DEFINITIONS) this.#forgetOldest();
    for (const { id, payload } of definitions) {
      if (this.#sentIds.has(id)) continue;
      this.#sentIds.add(id);
      this.#hasNewDefinitions = true;
      this.process.send(FrameKind.define, id, payload);
    }
  }

  /** It may be called soon: its definitions are sent, and its modules are loaded. */
  prepare(definitions: readonly Definition[]): void {
    if (definitions.every(({ id }) => this.#sentIds.has(id))) return;
    this.sendDefinitions(definitions);
    for (const { id } of definitions) this.process.send(FrameKind.prepare, id);
    this.#preparations += 1;
    this.process.send(FrameKind.announce, 0);
  }

  /** It gets functions ready that may be called soon. */
  get isPreparing(): boolean {
    return this.#preparations > 0 && this.state !== 'killed' && this.state !== 'gone';
  }

  /** What it was to prepare is ready. */
  notePrepared(): void {
    this.#preparations = Math.max(0, this.#preparations - 1);
  }

  forget(id: number): void {
    this.#sentLast = undefined;
    if (this.#sentIds.delete(id)) this.process.send(FrameKind.forget, id);
  }

  /** Programs may make functions without end. What is forgotten is sent again with the next call that needs it. */
  #forgetOldest(): void {
    for (const id of this.#sentIds) {
      if (this.#sentIds.size <= MOST_DEFINITIONS) return;
      this.forget(id);
    }
  }

  /** It has another place from now on, and is informed before its next task. */
  takeRank(rank: number): void {
    if (rank === this.rank) return;
    this.#sentLast = undefined;
    this.rank = rank;
    this.process.send(FrameKind.rank, rank);
  }

  /** @param error What the future of its task fails with. */
  interrupt(interruption: Interruption, { name, message }: Error): void {
    this.#sentLast = undefined;
    this.interruption = interruption;
    const body = Buffer.from(JSON.stringify({ name, message }));
    this.process.send(FrameKind.interrupt, interruption.task.wireId, { body, views: [] });
  }

  /** It answers with `tornDown`, and is to leave then. */
  tearDown({ definitions, payload }: EncodedCall): void {
    this.state = 'leaving';
    this.isTearingDown = true;
    this.sendDefinitions(definitions);
    this.process.send(FrameKind.teardown, 0, payload);
  }

  leave(): void {
    this.#sentLast = undefined;
    this.state = 'leaving';
    this.process.leave();
  }
}

function kindOf({ isChunk, stream }: Task): Frame['kind'] {
  if (stream !== undefined) return FrameKind.stream;
  return isChunk ? FrameKind.chunk : FrameKind.call;
}
