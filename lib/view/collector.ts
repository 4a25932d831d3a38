/**
 * Collects what pages show, from when one is opened until it is stopped: it taps the pools, looks at their workers four times a
 * second, and hands on what has changed.
 */
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { livingExecutors, onNewExecutor } from '../executor/living.ts';
import { executorInternals, type ProcessPoolExecutor } from '../executor/process-pool-executor.ts';
import type { PoolWorker } from '../manager/worker.ts';
import { inRootContext } from '../system/root-context.ts';
import { messageOf } from '../system/thrown.ts';
import { clearInterval, setInterval } from '../system/timers.ts';
import { Changes } from './aggregate/changes.ts';
import { Failures } from './aggregate/failures.ts';
import { type FleetFigures, pickFleet } from './aggregate/fleet-figures.ts';
import { Functions } from './aggregate/functions.ts';
import { Lanes } from './aggregate/lanes.ts';
import type { Delta, FleetMessage, PoolRow, WorkerRow } from './aggregate/messages.ts';
import { Series } from './aggregate/series.ts';
import { describePool, describeWorker } from './describe.ts';
import type { ViewSettings } from './options.ts';
import { type Aggregates, PoolWatch } from './pool-watch.ts';

/** Milliseconds between two messages to the pages. */
const TICK = 250;
/** Milliseconds between two points of the curves, and between two looks at the fleet. */
const SECOND = 1_000;
const FLEET = 2_000;
/** In milliseconds: what the event loop is late by is measured so often. */
const LOOP_RESOLUTION = 10;

/** The executor is held only if the user has named it: one that is not held elsewhere may be collected. */
interface Watched {
  readonly executor: () => ProcessPoolExecutor | undefined;
  readonly watch: PoolWatch;
}

export class Collector {
  readonly #settings: Pick<ViewSettings, 'executors' | 'fleet'>;
  readonly #send: (delta: Delta) => void;
  readonly #watched = new Map<number, Watched>();
  readonly #aggregates: Aggregates = {
    ...{ functions: new Functions(), lanes: new Lanes() },
    ...{ failures: new Failures(), series: new Series() },
  };
  readonly #pools = new Changes<PoolRow>();
  readonly #workers = new Changes<WorkerRow>();
  readonly #baselines = new WeakMap<PoolWorker, number>();
  #fleet: FleetMessage | undefined;
  #isPoolNew = false;
  #isFleetNew = false;
  #isAskingFleet = false;
  readonly #timer: NodeJS.Timeout;
  readonly #stopListening: (() => void) | undefined;
  readonly #loop: IntervalHistogram;
  #nextPoint = performance.now() + SECOND;
  #nextFleet = 0;

  constructor(settings: Pick<ViewSettings, 'executors' | 'fleet'>, send: (delta: Delta) => void) {
    this.#settings = settings;
    this.#send = send;
    const { executors } = settings;
    for (const executor of executors ?? livingExecutors()) this.#tap(executor);
    if (executors === undefined) this.#stopListening = onNewExecutor((executor) => this.#tap(executor));
    this.#loop = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION });
    this.#loop.enable();
    this.#closeSecond(); // what the first second is compared with
    this.#timer = inRootContext(() => setInterval(() => this.#tick(), TICK).unref());
  }

  /** It has no timer, no tap and no listener any more. */
  stop(): void {
    clearInterval(this.#timer);
    this.#stopListening?.();
    this.#loop.disable();
    for (const { executor, watch } of this.#watched.values()) untap(executor(), watch);
  }

  /** Everything, for a page that has just come. What the others get next is not taken from them. */
  snapshot(): Delta {
    const { functions, lanes, failures, series } = this.#aggregates;
    const { pools, workers } = this.#look(true);
    return {
      now: now(),
      pools,
      workers,
      functions: functions.all(),
      ...lanes.all(),
      failures: failures.all(),
      points: series.all(),
      ...(this.#fleet && { fleet: this.#fleet }),
    };
  }

  #tap(executor: ProcessPoolExecutor): void {
    const { executorId } = executor;
    if (this.#watched.has(executorId)) return;
    this.#isPoolNew = true;
    const watch = new PoolWatch(executorId, this.#aggregates);
    const reference = new WeakRef(executor);
    this.#watched.set(executorId, { executor: () => reference.deref(), watch });
    executorInternals.observerOf(executor).addTap(watch);
  }

  #tick(): void {
    const { functions, lanes, failures } = this.#aggregates;
    const time = performance.now();
    const { pools, workers } = this.#look(this.#isPoolNew);
    const changedPools = this.#pools.take(pools);
    this.#isPoolNew = false;
    const changedWorkers = this.#workers.take(workers);
    const delta: Delta = {
      now: now(),
      ...list('pools', changedPools.changed),
      ...list('workers', changedWorkers.changed),
      ...list('gone', [...changedPools.gone, ...changedWorkers.gone]),
      ...list('functions', functions.takeChanged()),
      ...lists(lanes.take(time)),
      ...list('failures', failures.takeChanged(time)),
      ...(time >= this.#nextPoint && list('points', this.#closeSecond())),
      ...(this.#isFleetNew && this.#fleet && { fleet: this.#fleet }),
    };
    this.#isFleetNew = false;
    if (time >= this.#nextFleet) this.#askFleet();
    if (Object.keys(delta).length > 1) this.#send(delta);
  }

  #look(withSettings: boolean): { pools: PoolRow[]; workers: WorkerRow[] } {
    const pools: PoolRow[] = [];
    const workers: WorkerRow[] = [];
    for (const [id, { executor: held, watch }] of this.#watched) {
      const executor = held();
      const manager = executor && executorInternals.poolOf(executor);
      const isOver =
        manager === undefined || (!manager.isOpen && !manager.isBroken && manager.workers.size === 0);
      if (
        executor === undefined ||
        manager === undefined ||
        (isOver && this.#settings.executors === undefined)
      ) {
        untap(executor, watch);
        this.#watched.delete(id);
        continue;
      }
      const observer = executorInternals.observerOf(executor);
      const settings = executorInternals.settingsOf(executor);
      pools.push(describePool(id, manager, settings, observer, withSettings));
      const rows = [...manager.workers].map((worker) => this.#describe(id, worker, watch));
      watch.seen = rowsOfTasks(rows);
      workers.push(...rows);
    }
    return { pools, workers };
  }

  #describe(pool: number, worker: PoolWorker, watch: PoolWatch): WorkerRow {
    const { memory } = worker;
    const known = this.#baselines.get(worker);
    if (memory !== undefined && (known === undefined || memory < known)) this.#baselines.set(worker, memory);
    return describeWorker(pool, worker, {
      functionOf: (name) => this.#aggregates.functions.of(name).id,
      progress: (task) => watch.progressOf(task),
      baseline: (each) => this.#baselines.get(each),
    });
  }

  #closeSecond() {
    const at = performance.now();
    this.#nextPoint = Math.max(this.#nextPoint, at + SECOND - TICK);
    this.#aggregates.functions.putTogether();
    const sums = { done: 0, failed: 0, pending: 0, running: 0 };
    for (const { executor: held } of this.#watched.values()) {
      const executor = held();
      if (executor === undefined) continue;
      const manager = executorInternals.poolOf(executor);
      manager.figuresWanted();
      const { succeeded, cancelled, ...others } = manager.counts.outcomes;
      const failed = others.failed + others.lost + others['timed-out'];
      sums.done += succeeded + cancelled + failed;
      sums.failed += failed;
      sums.pending += manager.pendingCount;
      sums.running += manager.runningCount;
    }
    const { user, system } = process.cpuUsage();
    const point = this.#aggregates.series.close({
      at,
      ...sums,
      ...this.#loopDelay(),
      cpuTime: (user + system) / 1000,
      memory: process.memoryUsage.rss(),
    });
    return point === undefined ? [] : [point];
  }

  #loopDelay(): { loopP50: number | undefined; loopP99: number | undefined } {
    const loop = this.#loop;
    if (loop.count === 0) return { loopP50: undefined, loopP99: undefined };
    const late = (percentile: number) => Math.max(0, loop.percentile(percentile) / 1e6 - LOOP_RESOLUTION);
    const delay = { loopP50: late(50), loopP99: late(99) };
    loop.reset();
    return delay;
  }

  #askFleet(): void {
    const { fleet } = this.#settings;
    if (fleet === undefined || this.#isAskingFleet) return;
    this.#isAskingFleet = true;
    this.#nextFleet = performance.now() + FLEET;
    const take = (message: FleetMessage): void => {
      this.#isAskingFleet = false;
      this.#isFleetNew = true;
      this.#fleet = message;
    };
    new Promise<FleetFigures>((resolve) => resolve(fleet())).then(pickFleet).then(
      (figures) => take({ figures, error: undefined }),
      (error: unknown) => take({ figures: undefined, error: messageOf(error).slice(0, 500) }),
    );
  }
}

function untap(executor: ProcessPoolExecutor | undefined, watch: PoolWatch): void {
  if (executor !== undefined) executorInternals.observerOf(executor).removeTap(watch);
}

function rowsOfTasks(rows: readonly WorkerRow[]): Map<number, number> {
  return new Map(rows.flatMap(({ row, tasks }) => tasks.map(({ id }) => [id, row])));
}

function now(): number {
  return Math.round(performance.now() * 10) / 10;
}

function list<K extends string, T>(name: K, items: readonly T[]): { [key in K]?: readonly T[] } {
  return (items.length > 0 ? { [name]: items } : {}) as { [key in K]?: readonly T[] };
}

function lists(all: { slices: Delta['slices'] & object; marks: Delta['marks'] & object }) {
  return { ...list('slices', all.slices), ...list('marks', all.marks) };
}
