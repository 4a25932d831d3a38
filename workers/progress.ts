/**
 * Reports of progress on their way out of a worker: those of the task that runs, no more than the host can take. It
 * knows no channel and no value, only encoded ones.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Payload } from '../lib/sending/common/payload.ts';
import { clearTimeout, setTimeout } from '../lib/system/timers.ts';
import { natives } from './natives.ts';

export interface ProgressOutput {
  encode(value: unknown): Payload;
  /** `false` if the host takes nothing at this moment; nothing was sent then. */
  offer(id: number, payload: Payload): boolean;
  /** Whatever it takes. */
  send(id: number, payload: Payload): void;
}

export interface Progress {
  report(value: unknown): void;
  /** The running call, if the code that asks belongs to it: not what an earlier call has left behind. */
  callOfCaller(): number | undefined;
  /**
   * The call with this number begins; what it reports is its progress until `end`. Returns what it is to run in, if
   * anything was reported before.
   */
  begin(id: number): AsyncLocalStorage<number> | undefined;
  /** Sends what was held back: nothing may come after the result. */
  end(): void;
}

/** So many reports may follow each other at once; each millisecond allows another one. */
const BURST = 100;
/** And so many are each task's own, however many the tasks before it have made. */
const OF_EACH_TASK = 10;
/** When a report that was held back is sent if no other one replaces it, in milliseconds. */
const HELD_FOR = 5;

/** @param isAttributed Every report is known to belong to the running call. */
export function createProgress(output: ProgressOutput, isAttributed = false): Progress {
  let current: number | undefined;
  /** Says which task a callback belongs to. Made with the first report: it makes promises slower. */
  let storage: AsyncLocalStorage<number> | undefined;
  /** The task that runs began before there was a storage. */
  let isFirst = true;
  let held: Payload | undefined;
  let timer: NodeJS.Timeout | undefined;
  let allowed = BURST;
  let countedAt = 0;

  function isOfCurrent(): boolean {
    if (current === undefined || isAttributed) return current !== undefined;
    if (storage === undefined) {
      storage = new AsyncLocalStorage();
      storage.enterWith(current);
    }
    const owner = storage.getStore();
    return owner === undefined ? isFirst : owner === current;
  }

  function mayGo(): boolean {
    const now = natives.uptime() * 1e3;
    allowed = Math.min(BURST, allowed + now - countedAt);
    countedAt = now;
    return allowed >= 1;
  }

  function stopTimer(): void {
    clearTimeout(timer);
    timer = undefined;
  }

  function offer(): void {
    stopTimer();
    if (held === undefined || current === undefined) return;
    if (output.offer(current, held)) held = undefined;
    else sendLater();
  }

  function sendLater(): void {
    timer ??= setTimeout(offer, HELD_FOR).unref();
  }

  return {
    report(value) {
      if (!isOfCurrent()) return;
      held = detached(output.encode(value));
      if (mayGo()) {
        allowed -= 1;
        offer();
      } else sendLater();
    },
    callOfCaller: () => (isOfCurrent() ? current : undefined),
    begin(id) {
      current = id;
      allowed = Math.max(allowed, OF_EACH_TASK);
      isFirst = storage === undefined;
      return storage;
    },
    end() {
      if (timer !== undefined) stopTimer();
      if (held !== undefined && current !== undefined) output.send(current, held);
      held = undefined;
      current = undefined;
    },
  };
}

/** The task continues, and may write to its buffers before they were sent. */
function detached({ body, views }: Payload): Payload {
  return { body, views: views.map((view) => Buffer.from(view)) };
}
