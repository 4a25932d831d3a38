/**
 * The channels of `node:diagnostics_channel` on which every executor of the process publishes what it does. Messages
 * are the events of an executor.
 */
import { type Channel, channel } from 'node:diagnostics_channel';
import type { BrokenProcessPool } from '../errors.ts';
import type {
  TaskQueuedEvent,
  TaskSettledEvent,
  TaskStartedEvent,
  WorkerEvent,
  WorkerExitedEvent,
  WorkerRecycledEvent,
  WorkerShortageEvent,
  WorkerStartedEvent,
} from './events.ts';

/** The messages on the diagnostics channels of this package, by the names of the channels. */
export interface DiagnosticsMessages {
  'loky:task:queued': TaskQueuedEvent;
  'loky:task:started': TaskStartedEvent;
  'loky:task:settled': TaskSettledEvent;
  'loky:worker:started': WorkerStartedEvent;
  'loky:worker:ready': WorkerEvent;
  'loky:worker:recycled': WorkerRecycledEvent;
  'loky:worker:exited': WorkerExitedEvent;
  'loky:worker:shortage': WorkerShortageEvent;
  'loky:executor:broken': { readonly executorId: number; readonly error: BrokenProcessPool };
}

/** By the names of the events. */
export const channels = {
  taskQueued: channel('loky:task:queued'),
  taskStarted: channel('loky:task:started'),
  taskSettled: channel('loky:task:settled'),
  workerStarted: channel('loky:worker:started'),
  workerReady: channel('loky:worker:ready'),
  workerRecycled: channel('loky:worker:recycled'),
  workerExited: channel('loky:worker:exited'),
  workerShortage: channel('loky:worker:shortage'),
  broken: channel('loky:executor:broken'),
} as const satisfies Record<string, Channel>;
