/**
 * One shared executor for the whole program, as loky's `get_reusable_executor` gives it: made when first wanted,
 * reused while the settings are the same, resized, and replaced when it is broken or other settings are wanted.
 */
import { isDeepStrictEqual } from 'node:util';
import { type ExecutorOptions, executorChecks, resolveExecutorOptions } from '../options/executor-options.ts';
import { wantsKill } from '../options/task-options.ts';
import { boolean, checkOptions, oneOf, string } from '../system/check.ts';
import { cpuCount } from '../system/cpu-count.ts';
import { withoutPrototype } from '../system/own.ts';
import { executorInternals, ProcessPoolExecutor } from './process-pool-executor.ts';

export interface ReusableExecutorOptions extends ExecutorOptions {
  /**
   * `'auto'`: the existing executor if its settings are the same. `true`: the existing one, whatever is passed.
   * `false`: a new one. `maxWorkers` is no such setting: the existing one is resized. Default: `'auto'`.
   */
  reuse?: 'auto' | boolean;
  /** If the existing executor is replaced: whether its workers are killed with what they run. Default: false. */
  killWorkers?: boolean;
  /** Executors with different keys are independent of each other. Default: one executor for all calls without a key. */
  key?: string;
}

const DEFAULT_IDLE_TIMEOUT = 10_000;

const reusableChecks = {
  ...executorChecks,
  reuse: oneOf('auto', true, false),
  killWorkers: boolean,
  kill_workers: boolean,
  key: string,
};

const initArgsOf = new WeakMap<ReusableExecutor, readonly unknown[] | undefined>();

/** The one executor of each key. */
const current = new Map<string, ReusableExecutor>();

/** An executor that `getReusableExecutor` gave. Once it was replaced, its tasks go to its replacement. */
export class ReusableExecutor extends ProcessPoolExecutor {
  /** Made by `getReusableExecutor`. */
  constructor(options: ExecutorOptions, key: string) {
    super(options);
    initArgsOf.set(this, copyOf(options.initArgs));
    executorInternals.route(this, () => {
      const replacement = isOpen(this) ? undefined : current.get(key);
      return executorInternals.poolOf(replacement ?? this);
    });
  }
}

/**
 * The shared executor: the existing one if there is one with the same settings, resized to `maxWorkers`; else a
 * new one, and the old one is shut down in the background. Workers that have been idle for 10 seconds exit
 * (`idleTimeout`). An executor that is broken or was shut down is replaced.
 *
 * @throws TypeError, RangeError for options that are unknown, of the wrong type or out of range.
 */
export function getReusableExecutor(options?: ReusableExecutorOptions): ReusableExecutor {
  const checked = checkOptions(options, reusableChecks, 'getReusableExecutor');
  const { reuse = 'auto', key = '', killWorkers, ...others } = withoutPythonNames(checked);
  const rest: ExecutorOptions = withoutPrototype(others);
  const existing = current.get(key);
  const keptSize = () =>
    reuse === true && existing !== undefined
      ? maxWorkersOf(existing)
      : Math.max(cpuCount(), rest.minWorkers ?? 0);
  const wanted: ExecutorOptions = {
    idleTimeout: DEFAULT_IDLE_TIMEOUT,
    ...rest,
    maxWorkers: rest.maxWorkers ?? keptSize(),
  };
  if (existing !== undefined && isOpen(existing) && mayBeReused(existing, reuse, wanted)) {
    executorInternals.poolOf(existing).resize(wanted.maxWorkers as number);
    return existing;
  }
  const created = new ReusableExecutor(wanted, key);
  current.set(key, created);
  if (existing !== undefined) void existing.shutdown({ wait: false, killWorkers: killWorkers ?? false });
  return created;
}

function withoutPythonNames(options: ReusableExecutorOptions): ReusableExecutorOptions {
  const { kill_workers: _, ...rest } = options as ReusableExecutorOptions & { kill_workers?: boolean };
  return withoutPrototype({ ...rest, killWorkers: wantsKill(options) });
}

function isOpen(executor: ReusableExecutor): boolean {
  return executorInternals.poolOf(executor).isOpen;
}

function maxWorkersOf(executor: ReusableExecutor): number {
  return executorInternals.poolOf(executor).maxWorkers;
}

function mayBeReused(existing: ReusableExecutor, reuse: 'auto' | boolean, wanted: ExecutorOptions): boolean {
  if (reuse !== 'auto') return reuse;
  const { maxWorkers: _, initArgs: __, ...there } = executorInternals.settingsOf(existing);
  const { maxWorkers: ___, initArgs: ____, ...then } = resolveExecutorOptions(wanted, 'getReusableExecutor');
  return (
    isDeepStrictEqual(there, then) && isDeepStrictEqual(initArgsOf.get(existing), copyOf(wanted.initArgs))
  );
}

/** What the workers were given: the caller may have changed it in place since then. */
function copyOf(initArgs: readonly unknown[] | undefined): readonly unknown[] | undefined {
  try {
    return structuredClone(initArgs);
  } catch {
    return initArgs; // it holds functions or the like
  }
}
