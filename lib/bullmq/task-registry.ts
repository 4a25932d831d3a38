/**
 * The tasks that both sides share, by name. A module defines them once; the submitter looks up the name of a function,
 * a worker process the function of a name, in its own copy of the module.
 */

import { namedReducers, type Reducers } from '../sending/common/reducers.ts';
import { type Check, checkOptions, describe, string } from '../system/check.ts';
import { UnknownTaskError } from './errors.ts';

type AnyFunction = (...args: never[]) => unknown;

/** What `defineTasks` takes beside the tasks. */
export interface DefineTasksOptions {
  /**
   * How special values of arguments and results travel. `test` and `reduce` run where a value comes from, `rebuild`
   * where it arrives.
   */
  reducers?: Reducers;
  /** The version of the tasks: a job of another one is left to machines that have it. Default: none, which is not compared. */
  version?: string;
}

/** Tasks by name, as `defineTasks` makes them. Its functions are `tasks.functions`. */
export interface TaskRegistry<T extends Record<string, AnyFunction> = Record<string, AnyFunction>> {
  /** The module that defines them. */
  readonly url: string;
  readonly functions: Readonly<T>;
  readonly names: readonly string[];
  readonly reducers: Reducers | undefined;
  readonly version: string | undefined;
  /** The name of a function; `undefined` if it is not one of the tasks. */
  nameOf(fn: unknown): string | undefined;
}

/** The bundle and the source of this package may be in one process: they meet in a global symbol. */
const key = Symbol.for('loky.bullmq.tasks');
const shared = globalThis as { [key]?: Map<string, TaskRegistry> };

/** The tasks of a module that was loaded in this process. */
export function definedTasks(url: string): TaskRegistry | undefined {
  return shared[key]?.get(url);
}

const checks: Readonly<Record<keyof DefineTasksOptions, Check>> = {
  reducers: (value, name) => void namedReducers(value, name),
  version: string,
};

/**
 * Defines the tasks of a module, to be given to `BullMQExecutor` and to `serveTasks`. Worker processes import the module,
 * so it should do nothing else than define.
 *
 * @param url The module's own URL: `import.meta.url`. A module defines tasks once.
 * @param tasks Functions under the names by which they travel. Names must not change between versions of a program.
 * @throws TypeError if something is not what it should be.
 */
export function defineTasks<T extends Record<string, AnyFunction>>(
  url: string,
  tasks: T,
  options?: DefineTasksOptions,
): TaskRegistry<T> {
  if (typeof url !== 'string' || !url.startsWith('file:')) {
    throw new TypeError(`defineTasks expects import.meta.url of its module first, got ${describe(url)}`);
  }
  if (typeof tasks !== 'object' || tasks === null || Array.isArray(tasks)) {
    throw new TypeError(`defineTasks expects an object of functions, got ${describe(tasks)}`);
  }
  const names = new Map<unknown, string>();
  for (const [name, fn] of Object.entries(tasks)) {
    if (typeof fn !== 'function') {
      throw new TypeError(`defineTasks expects functions, but ${JSON.stringify(name)} is ${describe(fn)}`);
    }
    if (!names.has(fn)) names.set(fn, name);
  }
  const { reducers, version } = checkOptions(options, checks, 'defineTasks');
  const registry: TaskRegistry<T> = Object.freeze({
    url,
    functions: Object.freeze({ ...tasks }),
    names: Object.freeze(Object.keys(tasks)),
    reducers,
    version,
    nameOf: (fn: unknown) => names.get(fn),
  });
  shared[key] ??= new Map();
  shared[key].set(url, registry);
  return registry;
}

/** @throws TypeError if it is not what `defineTasks` makes. */
export function checkRegistry(tasks: unknown, name: string): void {
  if (typeof (tasks as Partial<TaskRegistry> | null)?.nameOf === 'function') return;
  throw new TypeError(
    `${name} must be what defineTasks(import.meta.url, { … }) returns, got ${describe(tasks)}`,
  );
}

/** @throws UnknownTaskError */
export function taskNamed(registry: TaskRegistry, name: string, where: string): AnyFunction {
  const fn = Object.hasOwn(registry.functions, name) ? registry.functions[name] : undefined;
  if (fn !== undefined) return fn;
  throw new UnknownTaskError(
    `${where} has no task ${JSON.stringify(name)}: its tasks are ${registry.names.join(', ') || 'none'} (${registry.url}). ` +
      'Deploy the same defineTasks to both sides, to the serving machines first.',
  );
}
