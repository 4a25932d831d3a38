/** The executors of this process, for views of all of it. None is kept by being listed. */
import type { ProcessPoolExecutor } from './process-pool-executor.ts';

const living = new Set<WeakRef<ProcessPoolExecutor>>();
const collected = new FinalizationRegistry<WeakRef<ProcessPoolExecutor>>((reference) => {
  living.delete(reference);
});
const listeners = new Set<(executor: ProcessPoolExecutor) => void>();

export function noteExecutor(executor: ProcessPoolExecutor): void {
  const reference = new WeakRef(executor);
  living.add(reference);
  collected.register(executor, reference);
  for (const listener of listeners) listener(executor);
}

export function livingExecutors(): ProcessPoolExecutor[] {
  return [...living].flatMap((reference) => reference.deref() ?? []);
}

/** Calls `listener` with each executor that is made from now on. Returns what ends that. */
export function onNewExecutor(listener: (executor: ProcessPoolExecutor) => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}
