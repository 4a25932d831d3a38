/** Whether tasks have listeners is known without asking: it is noted with the first one, and asked for when none has heard an event. */
import { EventEmitter } from 'node:events';

const TASK_EVENTS = new Set<unknown>(['taskQueued', 'taskStarted', 'taskSettled']);

/** To be called once for a class; `note` is called when one of its instances gets a listener for tasks. */
export function noteTaskListeners<T extends EventEmitter>(prototype: T, note: (emitter: T) => void): void {
  // All the other ways to add a listener come down to these.
  for (const method of ['on', 'addListener', 'prependListener'] as const) {
    const add = EventEmitter.prototype[method] as (this: T, name: unknown, listener: unknown) => T;
    Object.defineProperty(prototype, method, {
      value(this: T, name: unknown, listener: unknown): T {
        if (TASK_EVENTS.has(name)) note(this);
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
