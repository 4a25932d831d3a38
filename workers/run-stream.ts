/**
 * Runs a generator and sends its values as they are yielded. The generator continues when its last value has left this
 * process, and as long as the host takes more.
 */
import type { Frame } from '../lib/child/protocol.ts';
import type { ReceivedCall } from '../lib/sending/common/payload.ts';
import type { Receiver } from '../lib/sending/receiver.ts';
import { setImmediate } from '../lib/system/timers.ts';
import type { BuildReport } from './build-report.ts';
import type { Inbox } from './inbox.ts';
import { natives } from './natives.ts';
import { failed, isThenable, type Outcome, succeeded } from './run-call.ts';

export interface StreamOutput {
  /** A promise while not all of it has left this process. @throws SerializationError if the value cannot be sent. */
  send(value: unknown): Promise<void> | undefined;
  /** The generator is being ended, as the host asked for. */
  stopping(): void;
}

type AnyIterator = Iterator<unknown> | AsyncIterator<unknown>;

/** A generator that never yields to the event loop receives what the host sends at this interval, in milliseconds. */
const TURN_AFTER = 2;

export async function runStream(
  receiver: Receiver,
  frame: Frame,
  report: BuildReport,
  inbox: Inbox,
  output: StreamOutput,
): Promise<Outcome> {
  try {
    report.begin(frame.id);
    let call = receiver.decodeCall(frame, report.built);
    if (call instanceof Promise) {
      report.waits();
      call = await call;
    }
    await pump(iteratorOf(call), inbox, output);
    return succeeded(receiver, undefined, false);
  } catch (error) {
    return failed(receiver, error);
  }
}

function iteratorOf({ fn, args }: ReceivedCall): AnyIterator {
  const iterator = fn(...args) as AnyIterator | undefined | null;
  if (typeof iterator === 'object' && iterator !== null && typeof iterator.next === 'function')
    return iterator;
  throw new TypeError(
    'the function of a stream must be a generator function, but calling it returned no iterator',
  );
}

async function pump(iterator: AnyIterator, inbox: Inbox, output: StreamOutput): Promise<void> {
  let turnedAt = natives.uptime();
  for (;;) {
    if (inbox.credit === 0 && !inbox.isStopped) {
      await inbox.creditOrStop();
      turnedAt = natives.uptime();
    } else if ((natives.uptime() - turnedAt) * 1e3 > TURN_AFTER) {
      await new Promise((resolve) => setImmediate(resolve));
      turnedAt = natives.uptime();
    }
    if (inbox.isStopped) break;
    const step = iterator.next();
    const { done, value } = isThenable(step) ? await step : step;
    if (done === true) return;
    try {
      const sending = output.send(isThenable(value) ? await value : value);
      if (sending !== undefined) await sending;
    } catch (error) {
      await iterator.return?.();
      throw error;
    }
    inbox.credit -= 1;
  }
  output.stopping();
  await iterator.return?.();
}
