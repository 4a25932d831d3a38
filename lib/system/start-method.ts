/**
 * The ways in which workers start, by loky's names, and which of them is the default. It starts nothing.
 */
import { boolean, checkOptions } from './check.ts';
import { cpuCount } from './cpu-count.ts';

/**
 * - `loky`: a fresh Node process that has loaded none of the host's modules.
 * - `loky_init_main`: the same, which loads the host's main module before its first task.
 */
export type StartMethod = 'loky' | 'loky_init_main';

/** How workers start, as `getContext()` gives it and the option `context` takes it. */
export interface WorkerContext {
  readonly startMethod: StartMethod;
  /** The number of CPUs that this process may use, as `cpuCount()` returns it. */
  cpuCount(): number;
}

const NAMES: readonly StartMethod[] = ['loky', 'loky_init_main'];
const KNOWN = NAMES.map((name) => `'${name}'`).join(' or ');

/** Names of Python's multiprocessing that have no counterpart here, and why. */
const REFUSED = new Map([
  ['fork', 'Node cannot fork a running process'],
  ['forkserver', 'Node cannot fork a running process'],
  [
    'spawn',
    "a worker is always a fresh process; 'loky_init_main' is the one that also loads the main module",
  ],
]);

const contexts = new Map<StartMethod, WorkerContext>(
  NAMES.map((startMethod) => [startMethod, Object.freeze({ startMethod, cpuCount: () => cpuCount() })]),
);

let defaultMethod: StartMethod | undefined;

/**
 * The context of that name; without one, of the default start method.
 *
 * @throws RangeError for an unknown name, TypeError for what is no string.
 */
export function getContext(name?: StartMethod | null): WorkerContext {
  return contexts.get(checkName(name ?? getStartMethod())) as WorkerContext;
}

/**
 * Sets the default start method for the whole program; `null` goes back to `'loky'`.
 *
 * @param options With `force`, it may be set again. Default: false.
 * @throws Error if it was set before, unless `force` is true; RangeError for an unknown name; TypeError for an unknown
 * option.
 */
export function setStartMethod(name: StartMethod | null, options?: { force?: boolean }): void {
  const { force = false } = checkOptions(options, { force: boolean }, 'setStartMethod');
  const method = name === null ? undefined : checkName(name);
  if (defaultMethod !== undefined && !force) {
    throw new Error(
      `The start method has already been set to '${defaultMethod}'. Pass { force: true } to change it.`,
    );
  }
  defaultMethod = method;
}

/** The default start method: what `setStartMethod` set, or `'loky'`. */
export function getStartMethod(): StartMethod {
  return defaultMethod ?? 'loky';
}

function checkName(name: unknown): StartMethod {
  if (typeof name !== 'string') {
    throw new TypeError(
      `Expected the name of a start method, ${KNOWN}, got ${name === null ? 'null' : typeof name}.`,
    );
  }
  const known = NAMES.find((one) => one === name);
  if (known) return known;
  const reason = REFUSED.get(name);
  throw new RangeError(`Unknown start method '${name}'${reason ? `: ${reason}` : ''}. Expected ${KNOWN}.`);
}
