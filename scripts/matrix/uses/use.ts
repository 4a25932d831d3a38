/** The uses of packages as they are written down: each file of a package adds its own. */
import type { Reducer } from 'loky';

export interface Use {
  readonly of: string;
  readonly name: string;
  readonly fn: (...args: never[]) => unknown;
  readonly args: readonly unknown[];
  readonly jobReducers?: Record<string, Reducer>;
}

export const uses: Use[] = [];

/** `fn(...args)` gives the same here and in a worker. It changes neither its arguments nor what it captures. */
export function use<A extends unknown[]>(
  of: string,
  name: string,
  fn: (...args: A) => unknown,
  ...args: A
): void {
  uses.push({ of, name, fn, args });
}

/** The same with an executor that has these reducers. */
export function useWith<A extends unknown[]>(
  jobReducers: Record<string, Reducer>,
  of: string,
  name: string,
  fn: (...args: A) => unknown,
  ...args: A
): void {
  uses.push({ of, name, fn, args, jobReducers });
}
