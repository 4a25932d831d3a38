/** Waits for what may never come while an engine or a store is away. */
import { clearTimeout, setTimeout } from '../system/timers.ts';

/** @throws what the promise rejects with; an error with the message `late` if it is not settled in time. */
export async function within<T>(ms: number, promise: PromiseLike<T> | T, late: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(late)), ms);
  });
  try {
    return await Promise.race([promise, over]);
  } finally {
    clearTimeout(timer);
  }
}

/** Never rejects. `false` if the promise was rejected, or not settled in time. */
export const endsWithin = (ms: number, promise: Promise<unknown>): Promise<boolean> =>
  within(ms, promise, '').then(
    () => true,
    () => false,
  );
