/**
 * The workers of a pool: how many there are, who is idle, when one is started, kept in reserve, replaced or
 * sent home. It knows no queue and settles nothing; the manager tells it what is wanted and hears what happened.
 */
import { type Frame, FrameKind } from '../channel/frame.ts';
import type { ExecutorSettings } from '../options/executor-options.ts';
import { LONGEST_TIMER } from '../system/longest-timer.ts';
import { inRootContext } from '../system/root-context.ts';
import type { ExitReport } from '../worker-process/exit-report.ts';
import { startWorkerProcess } from '../worker-process/worker-process.ts';
import { createGrowingPause } from './growing-pause.ts';
import { createIdleClock, type IdleClock } from './idle-clock.ts';
import type { PoolEvents } from './pool-events.ts';
import { PoolWorker, type WorkerEndReason, type WorkerStartReason, type WorkerState } from './pool-worker.ts';
import { createRestartPause } from './restart-pause.ts';
import type { WorkerOrders } from './worker-orders.ts';

/** What the fleet tells the manager. */
export interface FleetListener {
  /** A worker is there to take a task. */
  onIdle(): void;
  onReady(worker: PoolWorker): void;
  onFrame(worker: PoolWorker, frame: Frame): void;
  /** It was not ready within the time it has for that. It has been killed. */
  onStartTooSlow(worker: PoolWorker, before: WorkerState): void;
  /** Its process ended. `before` is what it was doing; one that was to end was `leaving` or `killed`. */
  onExit(worker: PoolWorker, before: WorkerState, exit: ExitReport): void;
  /** A worker has left no trace. */
  onGone(worker: PoolWorker): void;
}

/** A worker that was asked to go and does not is killed after so many milliseconds. */
const LEAVE_GRACE = 2000;

export class Fleet {
  maxWorkers: number;
  readonly #settings: ExecutorSettings;
  readonly #orders: WorkerOrders;
  readonly #listener: FleetListener;
  readonly #events: PoolEvents;
  readonly #workers = new Set<PoolWorker>();
  /** The one that was busy last is taken first: the others may expire. */
  readonly #idle: PoolWorker[] = [];
  readonly #idleClock: IdleClock | undefined;
  readonly #leaveClocks = new Map<PoolWorker, NodeJS.Timeout>();
  readonly #restartPause = createRestartPause(() => {
    if (this.#keepsReserve) this.provide(0);
  });
  /** After the system had no process, thread, descriptor or memory to spare for another worker. */
  readonly #startPause = createGrowingPause({
    first: 100,
    longest: 5_000,
    onOver: () => {
      this.#listener.onIdle();
      if (this.#keepsReserve) this.provide(0);
    },
  });
  #keepsReserve = false;
  #isFillingReserve = false;

  constructor(settings: ExecutorSettings, orders: WorkerOrders, listener: FleetListener, events: PoolEvents) {
    this.#events = events;
    this.#settings = settings;
    this.#orders = orders;
    this.#listener = listener;
    this.maxWorkers = settings.maxWorkers;
    const { idleTimeout } = settings;
    if (idleTimeout !== null)
      this.#idleClock = createIdleClock(idleTimeout, () => this.#expireIdle(idleTimeout));
  }

  /** All that still have a process. */
  get workers(): ReadonlySet<PoolWorker> {
    return this.#workers;
  }

  /** Those that could run a task without being started first. */
  get readyCount(): number {
    return this.#count(({ state }) => state === 'idle' || state === 'busy');
  }

  get activeCount(): number {
    return this.#count((worker) => worker.isActive);
  }

  /** Starts workers until `wanted` are there for tasks (as far as `maxWorkers` goes), and the reserve is full. */
  provide(wanted: number): void {
    if (this.#startPause.isOn && this.activeCount > 0) return;
    const kept = this.#restartPause.isOn ? 0 : this.#settings.minWorkers;
    const missing = Math.min(Math.max(wanted, kept), this.maxWorkers) - this.activeCount;
    for (let left = missing; left > 0; left -= 1) this.#addActive();
    this.#keepsReserve = true;
    this.#fillReserveSoon();
  }

  /** The system has no process to spare: it goes on with those that are there, if there are any. */
  pauseStarts(): boolean {
    if (this.activeCount === 0) return false;
    this.#startPause.begin();
    return true;
  }

  #addActive(): void {
    const spare = this.#find((worker) => worker.state === 'spare');
    const booting = this.#find((worker) => worker.reserve && worker.isStarting);
    if (spare !== undefined) this.#becomeIdle(spare);
    else if (booting !== undefined) booting.reserve = false;
    else this.#start(false, 'demand');
  }

  /** After it was made smaller, until enough of them have answered and left. */
  get hasTooMany(): boolean {
    return this.activeCount > this.maxWorkers;
  }

  takeIdle(): PoolWorker | undefined {
    return this.#idle.pop();
  }

  /** It got nothing after all. */
  returnIdle(worker: PoolWorker): void {
    this.#idle.push(worker);
  }

  get busyCount(): number {
    return this.#count(({ state }) => state === 'busy');
  }

  hasIdle(): boolean {
    return this.#idle.length > 0;
  }

  /** It has answered; it may stay. */
  release(worker: PoolWorker): void {
    if (worker.state !== 'busy') return;
    if (worker.isRetiring) this.#sendHome(worker, 'recycled');
    else if (this.hasTooMany) this.#sendHome(worker, 'resized');
    else this.#becomeIdle(worker);
  }

  /** It is going to be replaced soon: its replacement boots in the meantime. */
  prepareReplacement(worker: PoolWorker): void {
    if (worker.hasReplacement || !this.#keepsReserve) return;
    worker.hasReplacement = true;
    this.#start(true, 'replacement');
  }

  /** It runs no further task. */
  retire(worker: PoolWorker): void {
    this.prepareReplacement(worker);
    worker.isRetiring = true;
    if (worker.state === 'idle') this.#sendHome(worker, 'recycled');
  }

  /** Its process is ended; it is replaced when there is work. */
  kill(worker: PoolWorker, reason: WorkerEndReason): void {
    if (!this.#giveUp(worker, reason)) return;
    // Finding all its descendants takes some milliseconds: whoever takes over has its task by then.
    setImmediate(() => worker.process.kill());
  }

  #giveUp(worker: PoolWorker, reason: WorkerEndReason): boolean {
    this.#removeIdle(worker);
    clearTimeout(worker.startClock);
    if (worker.state === 'gone') return false;
    this.#noteEnding(worker, reason);
    worker.state = 'killed';
    return true;
  }

  /** It is about to exit by itself; what a task did to its process may keep it from that. */
  expectExit(worker: PoolWorker): void {
    if (this.#leaveClocks.has(worker)) return;
    this.#leaveClocks.set(
      worker,
      setTimeout(() => worker.process.kill(), LEAVE_GRACE),
    );
  }

  killAll(reason: WorkerEndReason): void {
    this.#keepNobody();
    for (const worker of [...this.#workers]) if (this.#giveUp(worker, reason)) worker.process.kill();
  }

  #keepNobody(): void {
    this.#keepsReserve = false;
    this.#restartPause.stop();
    this.#startPause.stop();
    this.#idleClock?.stop();
  }

  /** Everybody leaves who has nothing to do. */
  dismissAll(): void {
    this.#keepNobody();
    for (const worker of [...this.#workers]) {
      if (worker.state === 'idle' || worker.state === 'spare') {
        this.#removeIdle(worker);
        this.#sendHome(worker, 'shutdown');
      } else if (worker.isStarting) this.kill(worker, 'shutdown');
    }
  }

  resize(maxWorkers: number): void {
    this.maxWorkers = maxWorkers;
    while (this.hasTooMany) {
      const worker = this.#idle.shift() ?? this.#find((each) => each.isStarting && !each.reserve);
      if (worker === undefined) return; // the busy ones leave when they have answered
      if (worker.isStarting) this.kill(worker, 'resized');
      else this.#sendHome(worker, 'resized');
    }
  }

  /** Whoever needs it first, it serves others, too. */
  #start(reserve: boolean, reason: WorkerStartReason): void {
    inRootContext(() => this.#startWorker(reserve, reason));
  }

  #startWorker(reserve: boolean, reason: WorkerStartReason): void {
    const worker = new PoolWorker(this.#freeRank(), reserve);
    this.#workers.add(worker);
    worker.startClock = setTimeout(
      () => this.#startTooSlow(worker),
      Math.min(this.#settings.startTimeout, LONGEST_TIMER),
    ).unref();
    worker.process = startWorkerProcess(() => this.#orders.settingsFor(worker.rank), {
      onFrame: (frame) => this.#read(worker, frame),
      onOutput: (stream, line, id) =>
        this.#events.onOutput(worker, stream, line, worker.names.nameOf(stream, id)),
      onExit: (exit) => this.#ended(worker, exit),
      onGone: () => {
        this.#workers.delete(worker);
        this.#listener.onGone(worker);
      },
    });
    this.#events.onWorkerStarting(worker, reason);
    this.#initialize(worker);
  }

  /** It reads this when it has booted, and answers with `started`, then `ready`. */
  #initialize(worker: PoolWorker): void {
    const initializer = this.#orders.initializer;
    if (initializer !== undefined) worker.tell(initializer.definitions);
    worker.process.send(FrameKind.initialize, 0, initializer?.encode());
  }

  #read(worker: PoolWorker, frame: Frame): void {
    if (frame.kind === FrameKind.ready) this.#ready(worker);
    else if (frame.kind !== FrameKind.started) this.#listener.onFrame(worker, frame);
    else if (worker.state === 'booting') worker.state = 'initializing';
  }

  #ready(worker: PoolWorker): void {
    if (worker.state !== 'initializing') return;
    clearTimeout(worker.startClock);
    if (worker.reserve) this.#jumpQueue(worker);
    worker.state = worker.reserve ? 'spare' : 'idle';
    worker.readyAt = performance.now();
    this.#startPause.reset();
    this.#events.onWorkerReady(worker);
    this.#listener.onReady(worker);
    if (worker.state === 'idle') this.#becomeIdle(worker);
  }

  /** It was quicker than one that is awaited: that one joins the reserve in its place. */
  #jumpQueue(worker: PoolWorker): void {
    const awaited = this.#find((each) => each.isStarting && !each.reserve);
    if (awaited === undefined) return;
    awaited.reserve = true;
    worker.reserve = false;
  }

  #startTooSlow(worker: PoolWorker): void {
    const { state } = worker;
    this.kill(worker, 'start-timeout');
    this.#listener.onStartTooSlow(worker, state);
  }

  #becomeIdle(worker: PoolWorker): void {
    worker.reserve = false;
    worker.state = 'idle';
    worker.idleSince = performance.now();
    this.#idle.push(worker);
    this.#idleClock?.start();
    this.#listener.onIdle();
  }

  #removeIdle(worker: PoolWorker): void {
    const index = this.#idle.indexOf(worker);
    if (index >= 0) this.#idle.splice(index, 1);
  }

  #noteEnding(worker: PoolWorker, reason: WorkerEndReason): void {
    if (worker.endReason !== undefined) return;
    worker.endReason = reason;
    this.#events.onWorkerEnding(worker, reason);
  }

  #sendHome(worker: PoolWorker, reason: WorkerEndReason): void {
    this.#noteEnding(worker, reason);
    this.#removeIdle(worker);
    worker.leave();
    if (worker.hasReplacement && this.activeCount < this.maxWorkers) this.#addActive();
    this.#leaveClocks.set(
      worker,
      setTimeout(() => this.kill(worker, reason), LEAVE_GRACE),
    );
  }

  #ended(worker: PoolWorker, exit: ExitReport): void {
    const before = worker.state;
    this.#removeIdle(worker);
    clearTimeout(worker.startClock);
    clearTimeout(this.#leaveClocks.get(worker));
    this.#leaveClocks.delete(worker);
    worker.state = 'gone';
    if (before === 'idle' || before === 'spare')
      this.#restartPause.noteDeath(performance.now() - worker.readyAt, worker.tasksDone);
    this.#events.onWorkerExit(worker, exit);
    this.#listener.onExit(worker, before, exit);
    if (this.#keepsReserve) this.provide(0);
    this.#useSurplus();
  }

  #expireIdle(idleTimeout: number): number | undefined {
    const now = performance.now();
    for (const worker of [...this.#idle]) {
      if (this.activeCount <= this.#settings.minWorkers) return undefined;
      if (now - worker.idleSince < idleTimeout) return worker.idleSince + idleTimeout - now;
      this.#sendHome(worker, 'idle-timeout');
    }
    return undefined;
  }

  /** Starting a process takes some milliseconds: whoever has just lost a worker has its next task sent by then. */
  #fillReserveSoon(): void {
    if (this.#settings.spareWorkers === 0 || this.#isFillingReserve) return;
    this.#isFillingReserve = true;
    setImmediate(() => {
      this.#isFillingReserve = false;
      this.#fillReserve();
    });
  }

  #fillReserve(): void {
    if (!this.#keepsReserve || this.#restartPause.isOn) return;
    const inReserve = this.#count(
      (worker) => worker.reserve && (worker.isStarting || worker.state === 'spare'),
    );
    for (let left = this.#settings.spareWorkers - inReserve; left > 0; left -= 1)
      this.#start(true, 'reserve');
  }

  /** A replacement whose predecessor died first joins the others. */
  #useSurplus(): void {
    const isSpare = (worker: PoolWorker) => worker.reserve && (worker.isStarting || worker.state === 'spare');
    while (
      this.#count(isSpare) >
      this.#settings.spareWorkers + this.#count((worker) => worker.hasReplacement && worker.isActive)
    ) {
      if (this.activeCount >= this.maxWorkers) return;
      this.#addActive();
    }
  }

  #freeRank(): number {
    const taken = new Set<number>();
    for (const { rank, state } of this.#workers) if (state !== 'gone' && state !== 'killed') taken.add(rank);
    let rank = 0;
    while (taken.has(rank)) rank += 1;
    return rank;
  }

  #find(matches: (worker: PoolWorker) => boolean): PoolWorker | undefined {
    for (const worker of this.#workers) if (matches(worker)) return worker;
    return undefined;
  }

  #count(matches: (worker: PoolWorker) => boolean): number {
    let count = 0;
    for (const worker of this.#workers) if (matches(worker)) count += 1;
    return count;
  }
}
