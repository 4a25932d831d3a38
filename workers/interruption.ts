/**
 * A task that is to end learns of it by its signal, which is made when the task asks for it. The host's frame is read while
 * the task waits for something; a task that blocks its thread sees nothing, and is killed.
 */
import { AsyncResource } from 'node:async_hooks';
import type { Frame } from '../lib/child/protocol.ts';
import { setImmediate } from '../lib/system/timers.ts';
import { offer, outsideOfTasks, type SentReason } from '../lib/system/worker-link.ts';

/** No call has this number. */
export const NONE = -1;

interface OwnSignal {
  readonly id: number;
  readonly signal: AbortSignal;
  abort(reason: SentReason): void;
}

let own: OwnSignal | undefined;
let reason: SentReason | undefined;

/** A worker is at one call at a time. */
export const interruption = {
  /** The call that is to end, which may not have begun. */
  id: NONE,
  /** The running task has asked for its signal. */
  hasSignal: false,

  /** To be given the frames of calls that run or wait alone. */
  onFrame({ id, body }: Frame): void {
    interruption.id = id;
    reason = JSON.parse(Buffer.from(body).toString()) as SentReason;
    if (own?.id === id) own.abort(reason);
  },

  /** To be called at the end of a call that has its signal, or was to end. */
  ended(): void {
    own = undefined;
    reason = undefined;
    interruption.hasSignal = false;
    interruption.id = NONE; // numbers of calls start again after the largest
  },
};

/** @param callOfCaller To which call the code that runs belongs; `undefined` if it is none of the running task. */
export function offerSignals(callOfCaller: () => number | undefined): void {
  offer('taskSignal', (toError) => {
    const id = callOfCaller();
    if (id === undefined) throw outsideOfTasks();
    if (own?.id === id) return own.signal;
    const controller = new AbortController();
    own = {
      id,
      signal: controller.signal,
      // Listeners run in the context of the task, not of the socket.
      abort: AsyncResource.bind((sent: SentReason) => controller.abort(toError(sent))),
    };
    interruption.hasSignal = true;
    if (reason !== undefined && interruption.id === id) own.abort(reason);
    return own.signal;
  });
}

/** Rejections to which the abort has led and that nothing catches are thrown before this resolves. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
