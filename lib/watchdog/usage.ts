/**
 * Memory and CPU of processes: read in one go, from /proc on Linux and by pidusage elsewhere, and observed with their
 * descendants at a steady pace. On Linux no other process is looked at.
 */
import { readText } from '../system/cgroup.ts';
import { clearTimeout, setTimeout } from '../system/timers.ts';
import { descendantsReader, statFields } from './processes.ts';
import * as reader from './without-proc/pidusage-reader.ts';

/** Loaded when it is asked for. */
const later = (): typeof reader => reader;

/** What a process uses. */
interface Usage {
  /** Resident set size, in bytes. */
  readonly rss: number;
  /** Per cent of one CPU since the last reading; more than 100 with several threads. 0 at the first reading. */
  readonly cpu: number;
}

/** Reads all of `pids` at once. Those that are gone are missing in the answer. Rejects when none can be read. */
export type ReadUsage = (pids: readonly number[]) => Promise<ReadonlyMap<number, Usage>>;

/**
 * The reader that suits this system: Linux's own files, or pidusage where there are none.
 *
 * On Linux pidusage would leak a descriptor with every process that ends between its opening the file and
 * its reading it, as a worker's short-lived children do; it also needs `getconf`, which slim images lack.
 *
 * @param memory How long, in milliseconds, a process may go unread before its CPU time starts again from 0.
 */
export async function createUsageReader(memory: number): Promise<ReadUsage> {
  return process.platform === 'linux' ? createProcReader() : later().createPidusageReader(memory);
}

/** Clock ticks a second in what /proc shows: the same on every architecture that Node runs on. */
const TICKS = 100;

/** Reads /proc alone. RSS comes from `status`, which has it in kB and needs no page size. */
export function createProcReader(): ReadUsage {
  let before = new Map<number, { ticks: number; time: number }>();
  return async (pids) => {
    const now = new Map<number, { ticks: number; time: number }>();
    const usages = new Map<number, Usage>();
    for (const pid of pids) {
      const figures = readFigures(pid);
      if (!figures) continue;
      const time = performance.now();
      const last = before.get(pid);
      const seconds = last ? (time - last.time) / 1_000 : 0;
      const cpu = last && seconds > 0 ? ((figures.ticks - last.ticks) / TICKS / seconds) * 100 : 0;
      now.set(pid, { ticks: figures.ticks, time });
      usages.set(pid, { rss: figures.rss, cpu: Math.max(0, cpu) });
    }
    before = now;
    return usages;
  };
}

/** `undefined` for a process that has ended, or is ending and has given its memory back. */
function readFigures(pid: number): { rss: number; ticks: number } | undefined {
  const fields = statFields(pid);
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readText(`/proc/${pid}/status`) ?? '')?.[1];
  if (kilobytes === undefined || fields.length < 13) return undefined;
  return { rss: Number(kilobytes) * 1024, ticks: Number(fields[11]) + Number(fields[12]) };
}

/** What a watched process and its descendants use together. */
export interface Sample {
  /** Resident set sizes added up, in bytes. Pages that they share count once for each. */
  readonly rss: number;
  /** Per cent of one CPU since the last sample, added up. 0 in the first. */
  readonly cpu: number;
  /** How many processes that was: the watched one and its descendants. */
  readonly processes: number;
}

interface SamplerOptions {
  /** Milliseconds from the end of one sample to the next. */
  readonly interval: number;
  /** Called once in each round for each watched process that runs. */
  readonly onSample: (pid: number, sample: Sample) => void;
  /** Called when a round could read nothing; the next one is tried all the same. Default: nothing. */
  readonly onError?: (error: Error) => void;
  /** Tests pass their own reader instead of the system's. */
  readonly createReader?: (memory: number) => Promise<ReadUsage>;
}

/** A round of figures for everything that is watched, again and again. */
export class Sampler {
  readonly #options: SamplerOptions;
  readonly #watched = new Set<number>();
  #reader: Promise<ReadUsage> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isSampling = false;

  constructor(options: SamplerOptions) {
    this.#options = options;
  }

  /** From the next round on. To be called for a process that this one has started and whose exit was not seen. */
  watch(pid: number): void {
    this.#watched.add(pid);
    this.#schedule();
  }

  unwatch(pid: number): void {
    this.#watched.delete(pid);
    if (this.#watched.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #schedule(): void {
    if (this.#timer || this.#isSampling || this.#watched.size === 0) return;
    this.#timer = setTimeout(() => void this.#round(), this.#options.interval).unref();
  }

  async #round(): Promise<void> {
    const { interval, onError, createReader = createUsageReader } = this.#options;
    this.#timer = undefined;
    this.#isSampling = true;
    try {
      this.#reader ??= createReader(Math.max(interval * 3, 3_000));
      await this.#sample(await this.#reader);
    } catch (error) {
      this.#reader = undefined;
      onError?.(error instanceof Error ? error : new Error(String(error)));
    } finally {
      this.#isSampling = false;
      this.#schedule();
    }
  }

  async #sample(read: ReadUsage): Promise<void> {
    const trees = membersOf(this.#watched);
    const usages = await read([...new Set([...trees.values()].flat())]);
    for (const [pid, members] of trees) {
      // It may be unwatched, and even have ended, since the figures were read.
      if (!this.#watched.has(pid) || !usages.has(pid)) continue;
      const used = members.map((member) => usages.get(member)).filter((usage) => usage !== undefined);
      this.#options.onSample(pid, { ...sumOf(used), processes: used.length });
    }
  }
}

/** Where descendants cannot be listed cheaply (Windows), a process stands for itself. */
function membersOf(pids: ReadonlySet<number>): Map<number, number[]> {
  const descendants = descendantsReader();
  return new Map([...pids].map((pid) => [pid, [pid, ...(descendants(pid) ?? [])]]));
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
