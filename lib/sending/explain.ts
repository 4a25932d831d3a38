/** What a submit would send, asked by the program. */
import type { Explanation } from './host/explain.ts';
import { graphs } from './host/rich.ts';

/**
 * Lists what `submit(fn, ...args)` would send: each function and whether it goes by value or by reference, each
 * captured variable, each argument, and how large they are. Sends nothing.
 *
 * @throws SerializationError with the path of what cannot be sent.
 */
export function explain(fn: (...args: never[]) => unknown, ...args: readonly unknown[]): Explanation {
  return graphs().explain(fn, args);
}
