/** Records what each worker did when. It knows the executor's events and nothing of how a picture is drawn. */
import type { ProcessPoolExecutor } from 'loky';
import { now } from '../measure/timed.ts';

export interface Span {
  readonly kind: 'start' | 'task' | 'crash' | 'timeout';
  /** The worker's rank: it stays the same when another process takes its place. */
  readonly rank: number;
  readonly from: number;
  readonly to: number;
  readonly label: string;
}

interface LivingWorker {
  readonly rank: number;
  /** Since when it has not answered anything. */
  quietSince: number;
}

export interface TimelineRecorder {
  /** A task was answered. */
  add(task: { pid: number; startedAt: number; endedAt: number; label: string }): void;
  readonly spans: readonly Span[];
}

export function recordTimeline(executor: ProcessPoolExecutor): TimelineRecorder {
  const spans: Span[] = [];
  const askedFor = new Map<number, number>();
  const workers = new Map<number | undefined, LivingWorker>();
  executor.on('workerStarted', ({ rank }) => {
    askedFor.set(rank, now());
  });
  executor.on('workerReady', ({ pid, rank }) => {
    workers.set(pid, { rank, quietSince: now() });
    spans.push({
      kind: 'start',
      rank,
      from: askedFor.get(rank) ?? now(),
      to: now(),
      label: `process ${pid} starts`,
    });
  });
  executor.on('workerExited', ({ pid, rank, signal }) => {
    const from = workers.get(pid)?.quietSince;
    if (signal === undefined || from === undefined) return;
    const kind = signal === 'SIGKILL' ? 'timeout' : 'crash';
    spans.push({ kind, rank, from, to: now(), label: `process ${pid} was ended by ${signal}` });
  });
  return {
    spans,
    add({ pid, startedAt, endedAt, label }) {
      const worker = workers.get(pid);
      if (worker === undefined) return;
      worker.quietSince = endedAt;
      spans.push({ kind: 'task', rank: worker.rank, from: startedAt, to: endedAt, label });
    },
  };
}
