/** What can be observed: an executor, not a view of one. */
import { EventEmitter } from 'node:events';
import { describe } from '../system/check.ts';
import type { ExecutorEvents } from './events.ts';

export type ObservedExecutor = EventEmitter<ExecutorEvents> & { readonly executorId: number };

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
