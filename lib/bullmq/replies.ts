/**
 * Tells executors what becomes of their jobs, many replies in one message. Messages may get lost: an outcome is also kept,
 * for its executor alone, until the executor says that it has it.
 */
import { clearTimeout, setImmediate, setTimeout } from '../system/timers.ts';
import type { Exchange } from './exchange.ts';
import type { Reply, ReplyKind } from './wire.ts';

/** Bytes of a text that goes into a message; Redis cuts off listeners whose messages pile up. */
export const LARGEST_IN_MESSAGE = 64_000;
/** Milliseconds until an executor is told that a job has begun. */
const STARTED_DELAY = 10;

export interface Replies {
  note(executor: string, jobId: string, kind: 'started' | 'waiting'): void;
  /** Progress or output, as it comes. */
  report(executor: string, jobId: string, kind: 'progress' | 'output', text: string): void;
  /** @param keep Seconds for which the outcome is kept. */
  settle(executor: string, jobId: string, kind: 'value' | 'error', text: string, keep: number): void;
  /** Sends at once what still waits. */
  close(): void;
}

interface Outgoing {
  /** In their order. They go before what is said of the jobs: nobody hears of progress after the end. */
  readonly reports: Reply[];
  /** Of each job the latest one. */
  readonly replies: Map<string, Reply>;
  /** Texts to be kept, by the ids of their jobs. */
  readonly outcomes: Record<string, string>;
  keep: number;
}

type ByExecutor = Map<string, Outgoing>;

/** @param machineId What executors are told of the machine that has begun a job. */
export function createReplies(exchange: Pick<Exchange, 'reply'>, machineId: string): Replies {
  const soon: ByExecutor = new Map();
  /** A brief job has ended before anybody is told that it has begun: a message less for each. */
  const later: ByExecutor = new Map();
  let timer: NodeJS.Timeout | undefined;

  function flush(all: ByExecutor): void {
    const outgoing = [...all].map(([executor, { reports, replies, outcomes, keep }]) => ({
      ...{ executor, outcomes, keep },
      replies: [...reports, ...replies.values()],
    }));
    all.clear();
    exchange.reply(outgoing).catch(() => {}); // the executor will look by itself
  }

  function flushLater(): void {
    clearTimeout(timer);
    timer = undefined;
    flush(later);
  }

  function atOnce(executor: string): Outgoing {
    if (soon.size === 0) setImmediate(flush, soon);
    return outgoingOf(soon, executor);
  }

  function put(executor: string, reply: Reply): Outgoing {
    later.get(executor)?.replies.delete(reply[0]);
    const outgoing = atOnce(executor);
    outgoing.replies.set(reply[0], reply);
    return outgoing;
  }

  return {
    note(executor, jobId, kind) {
      if (kind === 'waiting') {
        put(executor, [jobId, kind, '']);
        return;
      }
      outgoingOf(later, executor).replies.set(jobId, [jobId, kind, machineId]);
      timer ??= setTimeout(flushLater, STARTED_DELAY).unref();
    },
    report(executor, jobId, kind, text) {
      atOnce(executor).reports.push([jobId, kind, text]);
    },
    settle(executor, jobId, kind, text, keep) {
      const reply: Reply = text.length > LARGEST_IN_MESSAGE ? [jobId, 'stored', ''] : [jobId, kind, text];
      const outgoing = put(executor, reply);
      outgoing.outcomes[jobId] = writeOutcome(kind, text);
      outgoing.keep = Math.max(outgoing.keep, keep);
    },
    close() {
      flush(soon);
      flushLater();
    },
  };
}

function outgoingOf(all: ByExecutor, executor: string): Outgoing {
  let outgoing = all.get(executor);
  if (outgoing === undefined) {
    outgoing = { reports: [], replies: new Map(), outcomes: {}, keep: 0 };
    all.set(executor, outgoing);
  }
  return outgoing;
}

type Settled = Extract<ReplyKind, 'value' | 'error'>;

const writeOutcome = (kind: Settled, text: string): string => (kind === 'value' ? '+' : '-') + text;

export const readOutcome = (written: string): { readonly kind: Settled; readonly text: string } => ({
  kind: written.startsWith('+') ? 'value' : 'error',
  text: written.slice(1),
});
