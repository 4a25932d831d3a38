/**
 * Informs the worker that a module is being loaded: the clock of a task stops while one loads. The worker's own bundle and
 * the package as a task imports it are two modules in one process: they meet in a global symbol.
 */

/** Calls `load`. What it returns may be a promise: the module is loading until that settles. */
export type WhileLoading = <T>(name: string, load: () => T) => T;

const key = Symbol.for('loky.whileLoading');
const shared = globalThis as { [key]?: WhileLoading };

/** @param name How errors call the module. */
export const whileLoading: WhileLoading = (name, load) => {
  const report = shared[key];
  return report === undefined ? load() : report(name, load);
};

/** For a worker at boot. */
export function setWhileLoading(report: WhileLoading): void {
  Object.defineProperty(globalThis, key, { value: report });
}
