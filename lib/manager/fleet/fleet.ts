/**
 * The workers of a pool: how many there are, who is idle, when one is started or has to go. It knows no queue and
 * settles nothing; the manager tells it what is wanted and hears what happened.
 */
import type { Frame } from '../../channel/frame.ts';
import type { ExecutorSettings } from '../../options/executor-options.ts';
import type { ExitReport } from '../../worker-process/exit-report.ts';
import type { PoolEvents } from '../pool-events.ts';
import { Departures } from './departures.ts';
import { createGrowingPause } from './growing-pause.ts';
import { IdleWorkers } from './idle-workers.ts';
import { PoolWorker, type WorkerEndReason, type WorkerStartReason, type WorkerState } from './pool-worker.ts';
import { Reserve } from './reserve.ts';
import { createRestartPause } from './restart-pause.ts';
import type { WorkerOrders } from './worker-orders.ts';
import { countWorkers, findWorker, freeRank, type Workers } from './worker-set.ts';
import { type StartWorker, workerStarter } from './worker-start.ts';

/** What the fleet tells the manager. */
export interface FleetListener {
  /** A worker is there to take a task. */
  onIdle(): void;
  /** There may be room for workers again that could not be started. */
  onStartsResumed(): void;
  onReady(worker: PoolWorker): void;
  onFrame(worker: PoolWorker, frame: Frame): void;
  /** It was not ready within the time it has for that. It has been killed. */
  onStartTooSlow(worker: PoolWorker, before: WorkerState): void;
  /** Its process ended. `before` is what it was doing; one that was to end was `leaving` or `killed`. */
  onExit(worker: PoolWorker, before: WorkerState, exit: ExitReport): void;
  /** A worker has left no trace. */
  onGone(worker: PoolWorker): void;
}

export class Fleet {
  maxWorkers: number;
  readonly #settings: ExecutorSettings;
  readonly #startWorker: StartWorker;
  readonly #listener: FleetListener;
  readonly #events: PoolEvents;
  readonly #workers = new Set<PoolWorker>();
  /** All that still have a process. */
  readonly workers: Workers = this.#workers;
  readonly #idle: IdleWorkers;
  readonly #departures: Departures;
  readonly #reserve: Reserve;
  readonly #restartPause = createRestartPause(() => this.#keepUp());
  /** After the system had no process, thread, descriptor or memory to spare for another worker. */
  readonly #startPause = createGrowingPause({
    first: 100,
    longest: 5_000,
    onOver: () => {
      this.#listener.onStartsResumed();
      this.#keepUp();
    },
  });

  constructor(settings: ExecutorSettings, orders: WorkerOrders, listener: FleetListener, events: PoolEvents) {
    this.#events = events;
    this.#settings = settings;
    this.#startWorker = workerStarter(orders, settings.startTimeout, events);
    this.#listener = listener;
    this.maxWorkers = settings.maxWorkers;
    this.#departures = new Departures(events);
    this.#reserve = new Reserve({
      workers: this.#workers,
      spareWorkers: settings.spareWorkers,
      mayFill: () => !this.#restartPause.isOn,
      start: (reason) => this.#start(reason),
    });
    this.#idle = new IdleWorkers({
      idleTimeout: settings.idleTimeout,
      maySendHome: () => this.activeCount > settings.minWorkers,
      sendHome: (worker) => this.#sendHome(worker, 'idle-timeout'),
    });
  }

  /** Those that could run a task without being started first. */
  get readyCount(): number {
    return countWorkers(this.#workers, ({ state }) => state === 'idle' || state === 'busy');
  }

  get activeCount(): number {
    return countWorkers(this.#workers, (worker) => worker.isActive);
  }

  /** Starts workers until `wanted` are there for tasks (as far as `maxWorkers` goes), and the reserve is full. */
  provide(wanted: number): void {
    if (this.#startPause.isOn && this.activeCount > 0) return;
    const kept = this.#restartPause.isOn ? 0 : this.#settings.minWorkers;
    const missing = Math.min(Math.max(wanted, kept), this.maxWorkers) - this.activeCount;
    // Code of the user is told of each start, and may ask for workers, too.
    for (let left = missing; left > 0 && this.activeCount < this.maxWorkers; left -= 1) this.#addActive();
    this.#reserve.keepFull();
  }

  /** In the place of those that have gone, whoever waits. */
  #keepUp(): void {
    if (this.#reserve.isKept) this.provide(0);
  }

  /** The system has no process to spare: it goes on with those that are there, if there are any. */
  pauseStarts(): boolean {
    if (this.activeCount === 0) return false;
    this.#startPause.begin();
    return true;
  }

  #addActive(): void {
    const taken = this.#reserve.take();
    if (taken === undefined) this.#start('demand');
    else if (taken.state === 'spare') this.#becomeIdle(taken);
  }

  /** After it was made smaller, until enough of them have answered and left. */
  get hasTooMany(): boolean {
    return this.activeCount > this.maxWorkers;
  }

  takeIdle(): PoolWorker | undefined {
    return this.#idle.take();
  }

  get busyCount(): number {
    return countWorkers(this.#workers, ({ state }) => state === 'busy');
  }

  hasIdle(): boolean {
    return this.#idle.length > 0;
  }

  /** It has answered; it may stay. */
  release(worker: PoolWorker): void {
    if (worker.state !== 'busy' || worker.isDying) return;
    if (worker.isRetiring) this.#sendHome(worker, 'recycled');
    else if (this.hasTooMany) this.#sendHome(worker, 'resized');
    else this.#becomeIdle(worker);
  }

  /** It is going to be replaced soon. */
  prepareReplacement(worker: PoolWorker): void {
    this.#reserve.prepareReplacement(worker);
  }

  /** It runs no further task. */
  retire(worker: PoolWorker): void {
    this.prepareReplacement(worker);
    worker.isRetiring = true;
    if (worker.state === 'idle') this.#sendHome(worker, 'recycled');
  }

  /** Its process is ended; it is replaced when there is work. */
  kill(worker: PoolWorker, reason: WorkerEndReason): void {
    this.#idle.remove(worker);
    this.#departures.kill(worker, reason);
  }

  /** It is about to exit by itself, and runs nothing any more. */
  expectExit(worker: PoolWorker): void {
    this.#idle.remove(worker);
    this.#departures.expectExit(worker);
  }

  killAll(reason: WorkerEndReason): void {
    this.#keepNobody();
    for (const worker of [...this.#workers]) this.#departures.killNow(worker, reason);
  }

  #keepNobody(): void {
    this.#reserve.abandon();
    this.#restartPause.stop();
    this.#startPause.stop();
    this.#idle.stop();
  }

  /** Everybody leaves who has nothing to do. */
  dismissAll(): void {
    this.#keepNobody();
    for (const worker of [...this.#workers]) {
      if (worker.state === 'idle' || worker.state === 'spare') this.#sendHome(worker, 'shutdown');
      else if (worker.isStarting) this.kill(worker, 'shutdown');
    }
  }

  resize(maxWorkers: number): void {
    this.maxWorkers = maxWorkers;
    while (this.hasTooMany) {
      const worker =
        this.#idle.takeLongestIdle() ?? findWorker(this.#workers, (each) => each.isStarting && !each.reserve);
      if (worker === undefined) break; // the busy ones leave when they have answered
      if (worker.isStarting) this.kill(worker, 'resized');
      else this.#sendHome(worker, 'resized');
    }
    this.#keepUp();
  }

  #start(reason: WorkerStartReason): void {
    const worker = new PoolWorker(freeRank(this.#workers), reason !== 'demand');
    this.#workers.add(worker);
    this.#startWorker(worker, reason, {
      onReady: () => this.#ready(worker),
      onTooSlow: () => this.#startTooSlow(worker),
      onFrame: (frame) => this.#listener.onFrame(worker, frame),
      onExit: (exit) => this.#ended(worker, exit),
      onGone: () => {
        this.#workers.delete(worker);
        this.#listener.onGone(worker);
      },
    });
  }

  #ready(worker: PoolWorker): void {
    if (worker.reserve) this.#reserve.jumpQueue(worker);
    worker.state = worker.reserve ? 'spare' : 'idle';
    worker.readyAt = performance.now();
    this.#startPause.reset();
    this.#events.onWorkerReady(worker);
    this.#listener.onReady(worker);
    if (worker.state === 'idle') this.#becomeIdle(worker);
  }

  #startTooSlow(worker: PoolWorker): void {
    const { state } = worker;
    this.kill(worker, 'start-timeout');
    this.#listener.onStartTooSlow(worker, state);
  }

  #becomeIdle(worker: PoolWorker): void {
    worker.reserve = false;
    worker.state = 'idle';
    this.#idle.add(worker);
    this.#listener.onIdle();
  }

  #sendHome(worker: PoolWorker, reason: WorkerEndReason): void {
    this.#idle.remove(worker);
    this.#departures.sendHome(worker, reason);
    this.#takeSurplus();
  }

  /** Replacements of those that have gone in another way. */
  #takeSurplus(): void {
    while (this.#reserve.hasSurplus && this.activeCount < this.maxWorkers) this.#addActive();
  }

  #ended(worker: PoolWorker, exit: ExitReport): void {
    const before = worker.state;
    this.#idle.remove(worker);
    this.#departures.ended(worker);
    worker.state = 'gone';
    if (before === 'idle' || before === 'spare')
      this.#restartPause.noteDeath(performance.now() - worker.readyAt, worker.tasksDone);
    this.#events.onWorkerExit(worker, exit);
    this.#listener.onExit(worker, before, exit);
    this.#keepUp();
    this.#takeSurplus();
  }
}
