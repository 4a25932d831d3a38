/** Rules of the user's for values that need help: an executor's own, and those registered for all executors. */

/** How some kind of value travels. `test`, `reduce` run where it comes from, `rebuild` where it arrives. */
export interface Reducer {
  /** Whether this reducer is for the value. Called for every value that is sent, so keep it quick. */
  test(value: unknown): boolean;
  /** Something that can be sent in its place. */
  reduce(value: never): unknown;
  /** The value again, made from what `reduce` gave. */
  rebuild(reduced: never): unknown;
}

export type Reducers = Record<string, Reducer>;

/** A reducer under the name by which both ends know it. */
export type NamedReducer = readonly [name: string, reducer: Reducer];

const registered = new Map<string, Reducer>();
let version = 0;

/**
 * Registers a reducer for all executors, in both directions. An executor's own reducers come before it.
 *
 * @throws TypeError if the reducer lacks one of its three functions.
 */
export function register(name: string, reducer: Reducer): void {
  if (typeof name !== 'string' || name === '')
    throw new TypeError(`register expects a name, but got ${String(name)}`);
  checkReducer(name, reducer);
  registered.set(name, reducer);
  version++;
}

/** Counts registrations, so that a sender sees that there are new ones. */
export const registryVersion = (): number => version;

export const registeredReducers = (): NamedReducer[] =>
  [...registered].map(([name, reducer]) => [`+${name}`, reducer]);

function checkReducer(name: string, reducer: unknown): void {
  for (const part of ['test', 'reduce', 'rebuild'] as const) {
    if (typeof (reducer as Record<string, unknown> | null | undefined)?.[part] === 'function') continue;
    throw new TypeError(
      `the reducer "${name}" must have the functions test, reduce and rebuild, but ${part} is missing`,
    );
  }
}

/** @throws TypeError if they are no reducers. */
export function namedReducers(reducers: unknown, where: string): NamedReducer[] {
  if (reducers === undefined) return [];
  if (typeof reducers !== 'object' || reducers === null || Array.isArray(reducers)) {
    const got = Array.isArray(reducers) ? 'an array' : String(reducers);
    throw new TypeError(`${where} must be an object of reducers, but got ${got}`);
  }
  const entries = Object.entries(reducers as Reducers);
  for (const [name, reducer] of entries) checkReducer(name, reducer);
  return entries;
}
