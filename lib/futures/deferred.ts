/** How a future ends, and the promise that tells it. It knows no future. */
import type { CancelledError } from '../errors.ts';

export type Outcome =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'error'; readonly error: unknown }
  | { readonly kind: 'cancelled'; readonly error: CancelledError };

/** The promise behind a future, made only when somebody asks for it. */
export interface Deferred {
  readonly promise: Promise<unknown>;
  settle(outcome: Outcome): void;
}

export function defer(): Deferred {
  let resolve!: (value: unknown) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<unknown>((res, rej) => {
    resolve = res;
    reject = rej;
  });
  return {
    promise,
    settle(outcome) {
      if (outcome.kind === 'value') resolve(outcome.value);
      else {
        promise.catch(() => {}); // who looks through a derived promise sees the rejection there
        reject(outcome.error);
      }
    },
  };
}
