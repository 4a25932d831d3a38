/**
 * How many workers a pool has, which of them join it or leave it, and which place (rank) each of them has. Everything here is
 * decided from states and numbers alone: nothing is started, ended or changed, and no timer is held.
 *
 * Ranks are 0 … maxWorkers - 1. Workers that may run tasks have different ones as far as possible. A spare worker, and
 * one that replaces another, has the rank of the worker in whose place it may step, and lives beside that one. Where the
 * environment is a function of the rank (`ranksAreFixed`), a process keeps the rank with which it was started; elsewhere
 * a rank is only a number, and the worker that takes a place gets its rank.
 */

import type { PoolWorker } from './worker.ts';

/** What is known of a worker when it is decided about. */
export type WorkerView = Pick<
  PoolWorker,
  | 'rank'
  | 'state'
  | 'reserve'
  | 'isStarting'
  | 'isActive'
  | 'isRetiring'
  | 'hasReplacement'
  | 'tasksDone'
  | 'idleSince'
>;

type Workers<W extends WorkerView> = Iterable<W>;

interface Numbers {
  /** For tasks that wait, and for callers of `prewarm`. */
  readonly wanted: number;
  /** Kept whatever is wanted. */
  readonly kept: number;
  readonly active: number;
  readonly maxWorkers: number;
}

/** How many workers have to join. */
export function missingWorkers({ wanted, kept, active, maxWorkers }: Numbers): number {
  return Math.max(0, Math.min(Math.max(wanted, kept), maxWorkers) - active);
}

/** The place for a worker that is to run tasks: the first one that is free; `undefined` if there is none. */
export function freeRank(workers: Workers<WorkerView>, maxWorkers: number): number | undefined {
  const taken = new Set<number>();
  for (const { rank, isActive } of workers) if (isActive) taken.add(rank);
  let rank = 0;
  while (taken.has(rank)) rank += 1;
  return rank < maxWorkers ? rank : undefined;
}

/** The place for a worker that is kept in reserve: the first one of those for which fewest are there. */
export function spareRank(workers: Workers<WorkerView>, maxWorkers: number): number {
  const holders = new Map<number, number>();
  for (const worker of workers)
    if (worker.isActive || isReserve(worker)) holders.set(worker.rank, (holders.get(worker.rank) ?? 0) + 1);
  let best = 0;
  for (let rank = 0; rank < maxWorkers; rank += 1) {
    const count = holders.get(rank);
    if (count === undefined) return rank;
    if (count < (holders.get(best) as number)) best = rank;
  }
  return best;
}

interface Promotion<W> {
  readonly worker: W;
  readonly rank: number;
}

/** Which spare worker joins the others, and in which place: one that is ready, or else one that is going to be. */
export function nextPromotion<W extends WorkerView>(
  workers: Workers<W>,
  maxWorkers: number,
  ranksAreFixed: boolean,
): Promotion<W> | undefined {
  const free = freeRank(workers, maxWorkers);
  if (free === undefined) return undefined;
  const active = new Set([...workers].filter(({ isActive }) => isActive).map(({ rank }) => rank));
  const hasOwnPlace = ({ rank }: W): boolean => rank < maxWorkers && !active.has(rank);
  const suited = [...workers].filter(
    (worker) => isReserve(worker) && (hasOwnPlace(worker) || !ranksAreFixed),
  );
  const prefer = (wanted: (worker: W) => boolean) => suited.find(wanted);
  const worker =
    prefer((each) => each.state === 'spare' && hasOwnPlace(each)) ??
    prefer((each) => each.state === 'spare') ??
    prefer(hasOwnPlace) ??
    suited[0];
  return worker && { worker, rank: hasOwnPlace(worker) ? worker.rank : free };
}

/**
 * The worker that is still starting for a place that a spare worker, which has just become ready, may take at once: they
 * change places.
 */
export function overtakenBy<W extends WorkerView>(
  ready: WorkerView,
  workers: Workers<W>,
  ranksAreFixed: boolean,
): W | undefined {
  const awaited = [...workers].filter(({ isStarting, reserve }) => isStarting && !reserve);
  const ofSameRank = awaited.find(({ rank }) => rank === ready.rank);
  return ofSameRank ?? (ranksAreFixed ? undefined : awaited[0]);
}

/** How many more have to be started for the reserve. Negative: replacements whose predecessors have gone already. */
export function missingSpares(workers: Workers<WorkerView>, spareWorkers: number): number {
  let missing = spareWorkers;
  for (const worker of workers) {
    if (isReserve(worker)) missing -= 1;
    else if (worker.hasReplacement && worker.isActive) missing += 1;
  }
  return missing;
}

/** How a pool that has one too many becomes smaller by one. */
interface Shrinking<W> {
  readonly leaves: W | undefined;
  /** An idle worker that stays, in reserve. */
  readonly joinsReserve: W | undefined;
  /** The busy worker that leaves with its answer, and has its replacement in the one that joins the reserve. */
  readonly replaced: W | undefined;
}

const NO_CHANGE = { leaves: undefined, joinsReserve: undefined, replaced: undefined };

/**
 * Those that still start go first, then the reserve, then idle workers, the one that was used least lately before the
 * others. An idle worker that is one too many takes the place of a spare one, or of one that leaves soon in any case: it
 * has loaded what tasks need. `undefined` while all that are left are busy: they leave when they have answered.
 */
export function nextToLeave<W extends WorkerView>(workers: Workers<W>): Shrinking<W> | undefined {
  const all = [...workers];
  const awaited = all.findLast(({ isStarting, reserve }) => isStarting && !reserve);
  if (awaited !== undefined) return { ...NO_CHANGE, leaves: awaited };
  const idle = leastLatelyUsed(all.filter(({ state }) => state === 'idle'));
  if (idle === undefined) return undefined;
  const replaced = all.find((each) => each.isActive && each.isRetiring && !each.hasReplacement);
  if (replaced !== undefined) return { ...NO_CHANGE, joinsReserve: idle, replaced };
  const reserve = all.filter(isReserve);
  const spare = reserve.find(({ isStarting }) => isStarting) ?? leastLatelyUsed(reserve);
  if (spare === undefined) return { ...NO_CHANGE, leaves: idle };
  return { ...NO_CHANGE, leaves: spare, joinsReserve: idle };
}

/** One that has run no task yet was used before all others. */
function leastLatelyUsed<W extends WorkerView>(workers: readonly W[]): W | undefined {
  const lastUse = ({ tasksDone, idleSince }: W): number => (tasksDone === 0 ? 0 : idleSince);
  let found: W | undefined;
  for (const worker of workers) if (found === undefined || lastUse(worker) < lastUse(found)) found = worker;
  return found;
}

// Tasks that share a worker

/** What is known of a worker when it may get a task beside others. */
export type SharedWorkerView = Pick<
  PoolWorker,
  'rank' | 'state' | 'reserve' | 'isStarting' | 'takesMore' | 'taskCount' | 'tasksDone'
>;

interface SharingNumbers {
  /** Tasks that wait. */
  readonly waiting: number;
  readonly tasksPerWorker: number;
  readonly maxTasksPerWorker: number;
  readonly maxWorkers: number;
}

/**
 * The busy worker that gets the next task beside those that it runs: the one with the fewest. `undefined` if there is none, or if
 * each task that waits has a worker to itself soon, as one is starting for it. A worker whose place the pool has no more gets
 * nothing, so that it comes to leave.
 */
export function nextToShare<W extends SharedWorkerView>(
  workers: Iterable<W>,
  { waiting, tasksPerWorker, maxTasksPerWorker, maxWorkers }: SharingNumbers,
): W | undefined {
  let starting = 0;
  let found: W | undefined;
  for (const worker of workers) {
    if (worker.isStarting && !worker.reserve) starting += 1;
    const { rank, state, takesMore, taskCount, tasksDone } = worker;
    if (state !== 'busy' || !takesMore || rank >= maxWorkers || taskCount >= tasksPerWorker) continue;
    if (tasksDone + taskCount >= maxTasksPerWorker) continue;
    if (found === undefined || taskCount < found.taskCount) found = worker;
  }
  return waiting > starting ? found : undefined;
}

function isReserve({ reserve, isStarting, state }: WorkerView): boolean {
  return reserve && (isStarting || state === 'spare');
}
