/**
 * Notices a task whose promise can never settle: nothing is left in the event loop that could settle it. Node
 * would end a program in that state (exit code 13); a worker answers with an error instead.
 */
import type { Socket } from 'node:net';

export interface LivenessCheck {
  /** Settles as `outcome` does, or rejects once the event loop has run empty. */
  during<T>(outcome: T | Promise<T>): Promise<T>;
}

export function createLivenessCheck(pipe: Socket): LivenessCheck {
  return {
    async during(outcome) {
      let onEmpty = () => {};
      const emptied = new Promise<never>((_, reject) => {
        onEmpty = () => {
          pipe.ref();
          reject(new Error(NEVER_SETTLES));
        };
      });
      process.once('beforeExit', onEmpty);
      pipe.unref();
      try {
        return await Promise.race([outcome, emptied]);
      } finally {
        process.off('beforeExit', onEmpty);
        pipe.ref();
      }
    },
  };
}

const NEVER_SETTLES =
  'The task returned a promise that can never settle: nothing is left in the worker that could settle it.';
