/**
 * Observes the memory and CPU of processes with their descendants, at a steady pace, and reports each figure.
 * It ends nothing and knows no limits. Without anything to watch it has no timer, and it keeps no process alive.
 */
import { clearTimeout, setTimeout } from '../system/timers.ts';
import { descendantsOf, readProcessTable } from './process-table.ts';
import { createUsageReader, type ReadUsage, type Usage } from './usage.ts';

/** What a watched process and its descendants use together. */
export interface Sample {
  /** Resident set sizes added up, in bytes. Pages that they share count once for each. */
  readonly rss: number;
  /** Per cent of one CPU since the last sample, added up. 0 in the first. */
  readonly cpu: number;
  /** How many processes that was: the watched one and its descendants. */
  readonly processes: number;
}

/** Options of {@link createSampler}. */
export interface SamplerOptions {
  /** Milliseconds from the end of one sample to the next. */
  readonly interval: number;
  /** Called once in each round for each watched process that runs. */
  readonly onSample: (pid: number, sample: Sample) => void;
  /** Called when a round could read nothing; the next one is tried all the same. Default: nothing. */
  readonly onError?: (error: Error) => void;
  /** Tests put a reader of their own in the place of the system's. */
  readonly createReader?: (memory: number) => Promise<ReadUsage>;
}

/** A round of figures for everything that is watched, again and again. */
export interface Sampler {
  /** From the next round on. To be called for a process that this one has started and whose exit was not seen. */
  watch(pid: number): void;
  unwatch(pid: number): void;
  /** Watches nothing any more, for good. No callback is called afterwards. */
  close(): void;
}

/** A sampler that watches nothing yet. */
export function createSampler(options: SamplerOptions): Sampler {
  const { interval, onSample, onError, createReader = createUsageReader } = options;
  const watched = new Set<number>();
  let reader: Promise<ReadUsage> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let sampling = false;
  let closed = false;

  function schedule(): void {
    if (timer || sampling || closed || watched.size === 0) return;
    timer = setTimeout(round, interval).unref();
  }

  async function round(): Promise<void> {
    timer = undefined;
    sampling = true;
    try {
      reader ??= createReader(Math.max(interval * 3, 3_000));
      await sample(await reader);
    } catch (error) {
      reader = undefined;
      if (!closed) onError?.(error instanceof Error ? error : new Error(String(error)));
    } finally {
      sampling = false;
      schedule();
    }
  }

  async function sample(read: ReadUsage): Promise<void> {
    const trees = membersOf(watched);
    const usages = await read([...new Set([...trees.values()].flat())]);
    for (const [pid, members] of trees) {
      // It may have been let go, and even have ended, while the figures were read.
      if (closed || !watched.has(pid) || !usages.has(pid)) continue;
      const used = members.map((member) => usages.get(member)).filter((usage) => usage !== undefined);
      onSample(pid, { ...sumOf(used), processes: used.length });
    }
  }

  return {
    watch(pid) {
      watched.add(pid);
      schedule();
    },
    unwatch(pid) {
      watched.delete(pid);
      if (watched.size === 0) stop();
    },
    close() {
      closed = true;
      watched.clear();
      stop();
    },
  };

  function stop(): void {
    clearTimeout(timer);
    timer = undefined;
  }
}

/** Where no list of processes can be had without much ado (Windows), a process stands for itself. */
function membersOf(pids: ReadonlySet<number>): Map<number, number[]> {
  const table = readProcessTable();
  return new Map([...pids].map((pid) => [pid, [pid, ...(table ? descendantsOf(pid, table) : [])]]));
}

function sumOf(usages: readonly Usage[]): Usage {
  let rss = 0;
  let cpu = 0;
  for (const usage of usages) {
    rss += usage.rss;
    cpu += usage.cpu;
  }
  return { rss, cpu };
}
