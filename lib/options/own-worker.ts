/** What only a task that has its worker to itself can do is refused with `tasksPerWorker`. */

/** @param why What a task that shares its worker cannot do. */
export function needsOwnWorker(what: string, why: string): TypeError {
  return new TypeError(`${what} needs tasksPerWorker: 1: a task that shares its worker ${why}`);
}

/** A worker is killed with all that it runs: it cannot wait for one of its tasks. */
export function killGraceNeedsOwnWorker(): TypeError {
  return needsOwnWorker('killGrace', 'can be ended only with the worker and with all other tasks of it');
}
