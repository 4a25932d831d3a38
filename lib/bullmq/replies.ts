/**
 * Reports to executors what becomes of their jobs, many replies in one message. Messages may get lost: an outcome is also kept,
 * for its executor alone, until the executor says that it has it.
 */
import { clearTimeout, setImmediate, setTimeout } from '../system/timers.ts';
import type { Exchange } from './exchange.ts';
import type { Reply, ReplyKind } from './wire.ts';

/** Bytes of a text that goes into a message; Redis cuts off listeners whose messages pile up. */
export const LARGEST_IN_MESSAGE = 64_000;
/** Milliseconds until an executor is notified that a job has begun. */
const STARTED_DELAY = 10;

export interface Replies {
  note(executor: string, jobId: string, kind: 'started' | 'waiting'): void;
  /** Progress or output, as it comes. */
  report(executor: string, jobId: string, kind: 'progress' | 'output', text: string): void;
  /**
   * Resolves when the outcome is kept: the job is to be moved after that. Never rejects.
   *
   * @param keep Seconds for which the outcome is kept.
   */
  settle(executor: string, jobId: string, kind: 'value' | 'error', text: string, keep: number): Promise<void>;
  /** Sends at once what still waits. */
  close(): void;
}

interface Outgoing {
  /** In their order. They are sent before the outcomes of the jobs: progress after the end would be lost. */
  readonly reports: Reply[];
  /** Of each job the latest one. */
  readonly replies: Map<string, Reply>;
}

type ByExecutor = Map<string, Outgoing>;

/** @param machineId What executors receive about the machine that has begun a job. */
export function createReplies(exchange: Pick<Exchange, 'keep' | 'reply'>, machineId: string): Replies {
  const soon: ByExecutor = new Map();
  /** A brief job has ended before its start is reported: a message less for each. */
  const later: ByExecutor = new Map();
  let timer: NodeJS.Timeout | undefined;
  const outcomes = new Map<string, { executor: string; outcomes: Record<string, string>; keep: number }>();
  let keeping: Promise<void> | undefined;

  /** All outcomes of a tick at once. */
  function keepOutcomes(): Promise<void> {
    keeping ??= new Promise((resolve) => {
      process.nextTick(() => {
        keeping = undefined;
        const all = [...outcomes.values()];
        outcomes.clear();
        resolve(exchange.keep(all).catch(() => {})); // the result of the job says the same, if it can be moved
      });
    });
    return keeping;
  }

  function flush(all: ByExecutor): void {
    const outgoing = [...all].map(([executor, { reports, replies }]) => ({
      executor,
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

  function put(executor: string, reply: Reply): void {
    later.get(executor)?.replies.delete(reply[0]);
    atOnce(executor).replies.set(reply[0], reply);
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
    async settle(executor, jobId, kind, text, keep) {
      const kept = outcomes.get(executor) ?? { executor, outcomes: {}, keep: 0 };
      kept.outcomes[jobId] = writeOutcome(kind, text);
      kept.keep = Math.max(kept.keep, keep);
      outcomes.set(executor, kept);
      await keepOutcomes();
      put(executor, text.length > LARGEST_IN_MESSAGE ? [jobId, 'stored', ''] : [jobId, kind, text]);
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
    outgoing = { reports: [], replies: new Map() };
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
