/**
 * The workers of a pool: they are started, become idle, wait in reserve and leave, as scaling.ts decides. How they end is
 * in termination.ts.
 */

import type { ExitReport } from '../child/exit-report.ts';
import type { ExecutorSettings } from '../options/executor-options.ts';
import { inRootContext } from '../system/root-context.ts';
import { clearTimeout, LONGEST_TIMER, setImmediate, setTimeout } from '../system/timers.ts';
import { Backoff, RestartBackoff } from './backoff.ts';
import type { PoolEvents } from './pool-events.ts';
import {
  freeRank,
  missingSpares,
  missingWorkers,
  nextPromotion,
  nextToLeave,
  overtakenBy,
  spareRank,
} from './scaling.ts';
import { Termination, type TerminationOwner } from './termination.ts';
import {
  PoolWorker,
  type WorkerEndReason,
  type WorkerOwner,
  type WorkerStartReason,
  type WorkerState,
} from './worker.ts';
import type { WorkerSetup } from './worker-setup.ts';

/** The manager: called with what becomes of each worker, and of all of them. */
export interface WorkersOwner extends WorkerOwner, TerminationOwner {
  /** A worker is there to take a task. */
  onIdle(): void;
  /** There may be room for workers again that could not be started. */
  onStartsResumed(): void;
}

export class Workers {
  maxWorkers: number;
  readonly #settings: ExecutorSettings;
  /** The environment of a process cannot be changed to that of another rank later. */
  readonly #ranksAreFixed: boolean;
  readonly #setup: WorkerSetup;
  readonly #owner: WorkersOwner;
  readonly #events: PoolEvents;
  readonly #all = new Set<PoolWorker>();
  /** All that still have a process. */
  readonly all: ReadonlySet<PoolWorker> = this.#all;
  /** Those that could begin a task at once; the one that was busy last is the last. */
  readonly idle: PoolWorker[] = [];
  /** One for all of them; it runs only while there are some, and keeps no process alive. */
  #idleTimer: NodeJS.Timeout | undefined;
  readonly termination: Termination;
  /** From the first worker that is wanted to the end of the pool. */
  #replaces = false;
  #isFillingReserve = false;
  readonly #restartBackoff = new RestartBackoff(() => this.#keepUp());
  /** After the system had no process, thread, descriptor or memory to spare for another worker. */
  readonly #shortageBackoff = new Backoff({
    first: 100,
    longest: 5_000,
    onOver: () => {
      this.#owner.onStartsResumed();
      if (!this.isStarting) this.#shortageBackoff.reset();
    },
  });

  constructor(settings: ExecutorSettings, setup: WorkerSetup, owner: WorkersOwner, events: PoolEvents) {
    this.#events = events;
    this.#settings = settings;
    this.#ranksAreFixed = typeof settings.env === 'function';
    this.#setup = setup;
    this.#owner = owner;
    this.maxWorkers = settings.maxWorkers;
    this.termination = new Termination({
      owner,
      events,
      teardown: setup.teardown,
      teardownTimeout: settings.teardownTimeout,
      leaveIdle: (worker) => this.#leaveIdle(worker),
    });
  }

  /** Those that could run a task without being started first. */
  get readyCount(): number {
    return countWorkers(this.#all, ({ state }) => state === 'idle' || state === 'busy');
  }

  get activeCount(): number {
    return countWorkers(this.#all, (worker) => worker.isActive);
  }

  /** After it was made smaller, until enough of them have answered and left. */
  get hasTooMany(): boolean {
    return this.activeCount > this.maxWorkers;
  }

  get isStarting(): boolean {
    return countWorkers(this.#all, (worker) => worker.isStarting) > 0;
  }

  // Workers join …

  /** Starts workers until `wanted` are there for tasks (as far as `maxWorkers` goes), and the reserve is full. */
  provide(wanted: number): void {
    const { activeCount: active, maxWorkers } = this;
    const kept = this.#restartBackoff.isOn ? 0 : this.#settings.minWorkers;
    // Listeners are called with each start, and may ask for workers, too.
    for (let left = missingWorkers({ wanted, kept, active, maxWorkers }); left > 0; left -= 1) {
      if (this.activeCount >= this.maxWorkers || !(this.#promote() || this.#start('demand'))) break;
    }
    this.#replaces = true;
    this.#fillReserveSoon();
  }

  /** Those that are missing after a pause, whether tasks wait or not. */
  resumeStarts(): void {
    this.#keepUp();
    this.#fillReserve();
  }

  /** In the place of those that have gone, whether tasks wait or not. */
  #keepUp(): void {
    if (this.#replaces) this.provide(0);
  }

  /** Starting a process takes some milliseconds: a task that has just lost its worker is sent by then. */
  #fillReserveSoon(): void {
    if (this.#settings.spareWorkers === 0 || this.#isFillingReserve) return;
    this.#isFillingReserve = true;
    setImmediate(() => {
      this.#isFillingReserve = false;
      this.#fillReserve();
    });
  }

  #fillReserve(): void {
    if (!this.#replaces || this.#restartBackoff.isOn) return;
    for (let left = missingSpares(this.#all, this.#settings.spareWorkers); left > 0; left -= 1)
      if (!this.#start('reserve')) return;
  }

  /** One of the reserve joins the others: `false` if there is none for a place that is free. */
  #promote(): boolean {
    const next = nextPromotion(this.#all, this.maxWorkers, this.#ranksAreFixed);
    if (next === undefined) return false;
    const { worker, rank } = next;
    worker.reserve = false;
    worker.takeRank(rank);
    if (worker.state === 'spare') this.becomeIdle(worker);
    return true;
  }

  /** Replacements of those that have gone in another way. */
  #promoteSurplus(): void {
    const isSurplus = () => this.#replaces && missingSpares(this.#all, this.#settings.spareWorkers) < 0;
    while (isSurplus() && this.activeCount < this.maxWorkers && this.#promote());
  }

  /**
   * There is no process, descriptor or memory for another one: the next is started after a pause, of `longest`
   * milliseconds at most. Returns how long it is; `undefined` if one is on already.
   */
  pauseStarts(longest: number): number | undefined {
    return this.#shortageBackoff.begin(longest);
  }

  /** `false` in the pause after a shortage. */
  #start(reason: 'demand' | 'reserve'): boolean {
    if (this.#shortageBackoff.isOn) return false;
    const free = reason === 'demand' ? freeRank(this.#all, this.maxWorkers) : undefined;
    this.#startAs(free ?? spareRank(this.#all, this.maxWorkers), reason);
    return true;
  }

  #startAs(rank: number, reason: WorkerStartReason): PoolWorker {
    // Whichever request needs it first, it serves others, too: nothing of it keeps that request's context.
    return inRootContext(() => {
      const worker = new PoolWorker(rank, reason !== 'demand', this.#settings.tasksPerWorker);
      this.#all.add(worker);
      worker.start(this.#setup, this.#settings.startTimeout, this.#owner, (output) =>
        this.#events.onOutput(worker, output),
      );
      this.#events.onWorkerStarting(worker, reason);
      worker.initialize(this.#setup);
      return worker;
    });
  }

  /** It is booted and initialized. */
  noteReady(worker: PoolWorker): void {
    if (worker.reserve) this.#swapWithStarting(worker);
    worker.state = worker.reserve ? 'spare' : 'idle';
    worker.readyAt = performance.now();
    this.#shortageBackoff.reset();
    this.#events.onWorkerReady(worker);
  }

  /** It was quicker than one that is awaited: that one joins the reserve in its place. */
  #swapWithStarting(worker: PoolWorker): void {
    const awaited = overtakenBy(worker, this.#all, this.#ranksAreFixed);
    if (awaited === undefined) return;
    const { rank } = awaited;
    awaited.reserve = true;
    awaited.takeRank(worker.rank);
    worker.reserve = false;
    worker.takeRank(rank);
  }

  // … are there for tasks …

  /** It has answered all that it had; it may stay. */
  release(worker: PoolWorker): void {
    if (worker.state !== 'busy' || worker.isDying) return;
    if (worker.isRetiring) {
      this.#retire(worker, worker.rank < this.maxWorkers ? 'recycled' : 'resized');
      return;
    }
    this.#addIdle(worker);
    if (this.#all.size > this.maxWorkers && this.hasTooMany) this.#shrink();
  }

  /** It is ready for its first task. */
  becomeIdle(worker: PoolWorker): void {
    this.#addIdle(worker);
    this.#owner.onIdle();
  }

  #addIdle(worker: PoolWorker): void {
    const { idleTimeout } = this.#settings;
    worker.state = 'idle';
    worker.isCrowded = false;
    worker.idleSince = performance.now();
    this.idle.push(worker);
    if (idleTimeout !== null && this.#idleTimer === undefined)
      inRootContext(() => this.#expireIdleIn(idleTimeout));
  }

  #leaveIdle(worker: PoolWorker): void {
    const index = this.idle.indexOf(worker);
    if (index >= 0) this.idle.splice(index, 1);
  }

  #expireIdleIn(delay: number): void {
    clearTimeout(this.#idleTimer); // of one that became idle when another retired
    this.#idleTimer = setTimeout(() => this.#expireIdle(), Math.min(delay, LONGEST_TIMER)).unref();
  }

  #expireIdle(): void {
    this.#idleTimer = undefined;
    const idleTimeout = this.#settings.idleTimeout as number;
    const now = performance.now();
    for (const worker of [...this.idle]) {
      if (this.activeCount <= this.#settings.minWorkers) return;
      const left = worker.idleSince + idleTimeout - now;
      if (left <= 0) this.#retire(worker, 'idle-timeout');
      else {
        this.#expireIdleIn(Math.ceil(left));
        return;
      }
    }
  }

  // … and leave.

  /** It is going to be replaced soon: its replacement boots in the meantime. */
  prepareReplacement(worker: PoolWorker): void {
    if (!worker.hasReplacement) this.startSuccessor(worker);
  }

  /** `undefined` while no worker can be started. */
  startSuccessor(worker: PoolWorker): PoolWorker | undefined {
    if (!this.#replaces || this.#shortageBackoff.isOn) return undefined;
    worker.hasReplacement = true;
    const { rank } = worker;
    return this.#startAs(
      rank < this.maxWorkers ? rank : spareRank(this.#all, this.maxWorkers),
      'replacement',
    );
  }

  /** It runs no further task, and retires when it has nothing to do. */
  recycle(worker: PoolWorker): void {
    this.prepareReplacement(worker);
    worker.isRetiring = true;
    this.#letGo(worker, 'recycled');
  }

  killAll(reason: WorkerEndReason): void {
    this.#stopReplacing();
    for (const worker of [...this.#all]) this.termination.killNow(worker, reason);
  }

  /** All but those whose tasks were asked to end: these are killed when that is over. */
  killUninterrupted(reason: WorkerEndReason): void {
    this.#stopReplacing();
    for (const worker of [...this.#all])
      if (worker.interruption === undefined) this.termination.killNow(worker, reason);
  }

  #stopReplacing(): void {
    this.#replaces = false;
    this.#restartBackoff.stop();
    this.#shortageBackoff.stop();
    clearTimeout(this.#idleTimer);
    this.#idleTimer = undefined;
    this.idle.length = 0;
  }

  /** All idle workers leave. */
  closeIdle(): void {
    this.#stopReplacing();
    for (const worker of [...this.#all]) this.#letGo(worker, 'shutdown');
  }

  resize(maxWorkers: number): void {
    this.maxWorkers = maxWorkers;
    if (this.#ranksAreFixed) this.#leaveOutOfRange();
    this.#shrink();
    this.#keepUp();
  }

  /** Their environment is that of a place which the pool has no more. */
  #leaveOutOfRange(): void {
    for (const worker of [...this.#all]) {
      if (worker.rank < this.maxWorkers) continue;
      if (worker.state === 'busy') worker.isRetiring = true;
      else this.#letGo(worker, 'resized');
    }
  }

  #shrink(): void {
    while (this.hasTooMany) {
      const next = nextToLeave(this.#all);
      if (next === undefined) break; // the busy ones leave when they have answered
      if (next.joinsReserve !== undefined) this.#joinReserve(next.joinsReserve);
      if (next.replaced !== undefined) next.replaced.hasReplacement = true;
      if (next.leaves !== undefined) this.#letGo(next.leaves, 'resized');
    }
    this.#putRanksInRange();
  }

  #joinReserve(worker: PoolWorker): void {
    this.#leaveIdle(worker);
    worker.state = 'spare';
    worker.reserve = true;
  }

  /** Those that stay have the places that the pool still has, as far as these are free. */
  #putRanksInRange(): void {
    if (this.#ranksAreFixed) return;
    for (const worker of this.#all) {
      if (worker.rank < this.maxWorkers) continue;
      const rank = worker.isActive
        ? freeRank(this.#all, this.maxWorkers)
        : spareRank(this.#all, this.maxWorkers);
      if (rank !== undefined) worker.takeRank(rank);
    }
  }

  /** One that has nothing to do; one that is busy, or leaves already, is left alone. */
  #letGo(worker: PoolWorker, reason: WorkerEndReason): void {
    if (worker.state === 'idle' || worker.state === 'spare') this.#retire(worker, reason);
    else if (worker.isStarting) this.termination.kill(worker, reason);
  }

  #retire(worker: PoolWorker, reason: WorkerEndReason): void {
    this.termination.retire(worker, reason);
    this.#promoteSurplus();
  }

  /** Its process has ended. Returns what it was doing; one that was to end was `leaving` or `killed`. */
  noteExit(worker: PoolWorker, exit: ExitReport): WorkerState {
    const before = worker.state;
    this.termination.ended(worker);
    worker.state = 'gone';
    if (worker.interruption !== undefined) worker.endReason ??= worker.interruption.reason;
    if (before === 'idle' || before === 'spare')
      this.#restartBackoff.noteDeath(performance.now() - worker.readyAt, worker.tasksDone);
    this.#events.onWorkerExit(worker, exit);
    return before;
  }

  /** In the place of those that have gone, when their tasks are looked after. */
  replace(): void {
    this.#putRanksInRange();
    this.#keepUp();
    this.#promoteSurplus();
  }

  /** It has left no trace. */
  forget(worker: PoolWorker): void {
    this.#all.delete(worker);
  }
}

function countWorkers(workers: Iterable<PoolWorker>, matches: (worker: PoolWorker) => boolean): number {
  let count = 0;
  for (const worker of workers) if (matches(worker)) count += 1;
  return count;
}
