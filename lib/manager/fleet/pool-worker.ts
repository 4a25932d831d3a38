/** A worker of the fleet, as the manager sees it: its process, what it runs, what it has been told. */
import { FrameKind } from '../../channel/frame.ts';
import type { Definition, Payload } from '../../sending/index.ts';
import { Ring } from '../../system/ring.ts';
import type { ExitReport, TerminationContext } from '../../worker-process/exit-report.ts';
import type { WorkerProcess } from '../../worker-process/worker-process.ts';
import type { Task } from '../tasks/task.ts';
import { TaskNames } from '../tasks/task-names.ts';
import type { TimeLimit } from '../time-limit.ts';

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

/** A call of more bytes takes a while until it is in the worker and built. */
const LARGE_CALL = 256 * 1024;

/** While its settings are made: code of the user may be asked for the environment, and ask the pool in turn. */
const NOT_STARTED: WorkerProcess = {
  pid: undefined,
  claims: undefined,
  marksOutput: false,
  send() {},
  leave() {},
  kill() {},
};

export class PoolWorker {
  /** The place in the pool; whoever takes over another place gets its number. */
  rank: number;
  /** Started to be kept in reserve, or there already. */
  reserve: boolean;
  state: WorkerState = 'booting';
  /** What it was sent and has not answered, in the order in which it runs them: the first is the one it is at. */
  readonly tasks = new Ring<Task>();
  tasksDone = 0;
  /** Its current task takes long: nothing is sent ahead until it has answered. */
  isSlow = false;
  /**
   * Tasks that were taken back may still be on their way to it. It looks for their claims when they arrive, and
   * would find that of a later one before its turn: nothing is sent ahead until they have arrived.
   */
  #isBehind = false;
  /** What it was sent last, if that was a task to begin at once. */
  #sentLast: Task | undefined;
  /** When this one is answered, they have. */
  #lastDirect: Task | undefined;
  /** `tasksDone` when it was last looked at. */
  lastSeenDone = 0;
  idleSince = 0;
  readyAt = 0;
  /** Last memory seen with descendants, in bytes, and CPU use in percent of one core. */
  memory: number | undefined;
  cpu: number | undefined;
  isWatched = false;
  /** What a task had left behind threw this; the worker is about to exit. */
  uncaught: { readonly error: unknown } | undefined;
  /** It was ended because it sent what is not part of the protocol. */
  fault: string | undefined;
  /** The watchdog ended it for passing this limit, in bytes. */
  memoryLimit: number | undefined;
  /** Why the pool ends it; `undefined` for one that dies by itself. */
  endReason: WorkerEndReason | undefined;
  /** It leaves when it has answered. */
  isRetiring = false;
  /** Who takes its place is started already. */
  hasReplacement = false;
  startLimit: TimeLimit | undefined;
  process: WorkerProcess = NOT_STARTED;
  /** The modules that it loads at this moment: for its task, or to get ready. */
  loading: string | undefined;
  /** It was told something since it was last asked to announce that a call is built. */
  #hasNews = false;
  /** What it prepares may keep it from its next call. */
  #preparations = 0;
  /** Of the tasks that it was sent: lines of its output tell the numbers alone. */
  readonly names = new TaskNames();
  readonly #told = new Set<number>();

  constructor(rank: number, reserve: boolean) {
    this.rank = rank;
    this.reserve = reserve;
  }

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
    const { rank, memory, memoryLimit, uncaught, fault, loading } = this;
    return { rank, memory, memoryLimit, uncaught, fault, loading };
  }

  /** What it is running, or about to. */
  get task(): Task | undefined {
    return this.tasks.first();
  }

  /** Its end is not seen yet, but nothing that it was sent from now on would run. */
  get isDying(): boolean {
    return this.fault !== undefined || this.uncaught !== undefined;
  }

  get takesAhead(): boolean {
    if (this.isSlow || this.#isBehind || this.isRetiring || this.isDying) return false;
    return this.process.claims !== undefined;
  }

  /**
   * It has nothing else to do: it begins at once. `false` if it may have to load or to read for a while first: it tells
   * then when the task is built. It tells by itself when it loads what could not be foreseen.
   */
  run(task: Task, payload: Payload): boolean {
    this.state = 'busy';
    this.#lastDirect = task;
    this.process.claims?.clear();
    this.tasks.push(task);
    if (this.process.marksOutput) this.names.add(task.sentAs, task.name);
    this.tell(task.call.definitions);
    const beginsAtOnce = !this.#hasNews && this.#preparations === 0 && isSmall(payload);
    this.#hasNews = false;
    if (!beginsAtOnce) this.process.send(FrameKind.announce, task.sentAs);
    this.process.send(task.isChunk ? FrameKind.chunk : FrameKind.call, task.sentAs, payload);
    this.#sentLast = task;
    return beginsAtOnce;
  }

  /** The task that it was to begin at once and cannot have begun, as it died with something unread. */
  unbegunAt({ leftUnread }: ExitReport): Task | undefined {
    return leftUnread ? this.#sentLast : undefined;
  }

  /**
   * It begins them when it has finished what it has, unless they are taken back before. Returns how many of them
   * there was room for.
   */
  sendAhead(tasks: readonly Task[], payloads: readonly Payload[]): number {
    this.#sentLast = undefined;
    const count = this.process.claims?.post(tasks.map((task) => task.sentAs)) ?? 0;
    for (const [index, task] of tasks.slice(0, count).entries()) {
      this.tasks.push(task);
      if (this.process.marksOutput) this.names.add(task.sentAs, task.name);
      this.tell(task.call.definitions);
      this.process.send(FrameKind.callAhead, task.sentAs, payloads[index]);
    }
    return count;
  }

  /** Its first task was answered. */
  takeAnswered(): Task {
    const task = this.tasks.shift() as Task;
    this.loading = undefined;
    this.tasksDone += 1;
    this.isSlow = false;
    if (task === this.#lastDirect) {
      this.#isBehind = false;
      this.#lastDirect = undefined;
    }
    return task;
  }

  /** What it has not begun and will not: the last ones of its tasks, in their order. */
  takeBack(): Task[] {
    if (this.tasks.last()?.state !== 'sent') return [];
    const unclaimed = new Set(this.process.claims?.takeBack());
    const taken: Task[] = [];
    for (let last = this.tasks.last(); last?.state === 'sent'; last = this.tasks.last()) {
      if (!unclaimed.delete(last.sentAs)) break;
      this.tasks.pop();
      taken.push(last);
    }
    // There are more than were posted: nobody knows what it would begin.
    if (unclaimed.size > 0) this.endAt('a task has written file descriptor 4');
    if (taken.length > 0) {
      this.#isBehind = true;
      this.#lastDirect = undefined;
    }
    return taken.reverse();
  }

  /** It broke the protocol, which is told like any other death. */
  endAt(fault: string): void {
    this.fault = fault;
    this.process.kill();
  }

  tell(definitions: readonly Definition[]): void {
    this.#sentLast = undefined;
    for (const { id, payload } of definitions) {
      if (this.#told.has(id)) continue;
      this.#told.add(id);
      this.#hasNews = true;
      this.process.send(FrameKind.define, id, payload);
    }
  }

  /** It may be called soon: what it is made of is told, and its modules are loaded. */
  prepare(definitions: readonly Definition[]): void {
    if (definitions.every(({ id }) => this.#told.has(id))) return;
    this.tell(definitions);
    for (const { id } of definitions) this.process.send(FrameKind.prepare, id);
    this.#preparations += 1;
    this.process.send(FrameKind.announce, 0);
  }

  /** What it was to prepare is ready. */
  notePrepared(): void {
    this.#preparations = Math.max(0, this.#preparations - 1);
  }

  forget(id: number): void {
    this.#sentLast = undefined;
    if (this.#told.delete(id)) this.process.send(FrameKind.forget, id);
  }

  /** It has another place from now on, which it is told before its next task. */
  takeRank(rank: number): void {
    if (rank === this.rank) return;
    this.#sentLast = undefined;
    this.rank = rank;
    this.process.send(FrameKind.rank, rank);
  }

  leave(): void {
    this.#sentLast = undefined;
    this.state = 'leaving';
    this.process.leave();
  }
}

function isSmall({ body, views }: Payload): boolean {
  let bytes = body.length;
  for (const view of views) bytes += view.length;
  return bytes <= LARGE_CALL;
}
