/** What can be observed: an executor, not a view of one. */
import { EventEmitter } from 'node:events';
import { describe } from '../system/check.ts';
import type { ExecutorEvents } from './events.ts';

export type ObservedExecutor = EventEmitter<ExecutorEvents> & { readonly executorId: number };

/** By the names of the events. */
export type Listeners = { readonly [K in keyof ExecutorEvents]?: (event: ExecutorEvents[K][0]) => void };

/** @returns Stops it, once. */
export function listenTo(executor: ObservedExecutor, listeners: Listeners, onStop: () => void): () => void {
  const emitter = executor as NodeJS.EventEmitter;
  const entries = Object.entries(listeners) as [string, (event: unknown) => void][];
  for (const [name, listener] of entries) emitter.on(name, listener);
  let isStopped = false;
  return () => {
    if (isStopped) return;
    isStopped = true;
    for (const [name, listener] of entries) emitter.off(name, listener);
    onStop();
  };
}

/**
 * JavaScript may pass anything, and a view of an executor resembles one.
 *
 * @throws TypeError
 */
export function assertExecutor(value: unknown, caller: string): void {
  if (value instanceof EventEmitter && 'executorId' in value) return;
  const isView = typeof (value as { withOptions?: unknown } | null | undefined)?.withOptions === 'function';
  const got = isView ? 'a view of one: it has no events of its own' : describe(value);
  throw new TypeError(`${caller} expects an executor, got ${got}`);
}
