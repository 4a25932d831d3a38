/**
 * One field says whether a pool's tasks have listeners. The field turns true with the first listener;
 * it turns false when an event finds that none is left.
 */
import { EventEmitter } from 'node:events';

export interface TaskInterest {
  isThere: boolean;
}

const TASK_EVENTS = new Set<unknown>(['taskQueued', 'taskStarted', 'taskSettled']);

/** To be called once for a class; `interestOf` finds the field of one of its instances. */
export function noteTaskListeners<T extends EventEmitter>(
  prototype: T,
  interestOf: (emitter: T) => TaskInterest,
): void {
  // All the other ways to add a listener come down to these.
  for (const method of ['on', 'addListener', 'prependListener'] as const) {
    const add = EventEmitter.prototype[method] as (this: T, name: unknown, listener: unknown) => T;
    Object.defineProperty(prototype, method, {
      value(this: T, name: unknown, listener: unknown): T {
        if (TASK_EVENTS.has(name)) interestOf(this).isThere = true;
        return add.call(this, name, listener);
      },
      writable: true,
      configurable: true,
    });
  }
}

export function hasTaskListeners(emitter: NodeJS.EventEmitter): boolean {
  for (const name of TASK_EVENTS) if (emitter.listenerCount(name as string) > 0) return true;
  return false;
}
