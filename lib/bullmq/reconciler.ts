/**
 * Reads the jobs of tasks whose replies may have been lost: periodically, and at once after each outage. It decides nothing.
 */
import { clearInterval, setInterval } from '../system/timers.ts';
import { JobLostError, UnknownJobError } from './errors.ts';
import type { JobState } from './job-reader.ts';
import { type LostMachines, lostMachineWarning } from './lost-machines.ts';
import type { RemoteLink } from './remote-link.ts';
import type { RemoteTask } from './remote-task.ts';

interface ReconcilerListener {
  /** Sent and not settled, those first that were looked at longest ago. */
  readonly sent: Map<string, RemoteTask>;
  onJobState(task: RemoteTask, jobState: JobState): void;
  readonly lostMachines: LostMachines;
  noteLostMachine(): void;
}

/** Jobs that are read at once. */
const PAGE = 250;
/** Pages of one ordinary round: many tasks may wait for long, and most replies do not get lost. */
const PAGES = 4;
/** Milliseconds without a machine that serves, until a warning says so. */
const WARN_AFTER = 10_000;

export class Reconciler {
  readonly #link: RemoteLink;
  readonly #interval: number;
  readonly #listener: ReconcilerListener;
  readonly #queue: string;
  #timer: NodeJS.Timeout | undefined;
  #isWalking = false;
  #unservedSince: number | undefined;
  #hasWarned = false;

  constructor(link: RemoteLink, interval: number, queue: string, listener: ReconcilerListener) {
    this.#link = link;
    this.#interval = interval;
    this.#queue = queue;
    this.#listener = listener;
  }

  start(): void {
    this.#timer ??= setInterval(() => void this.walk(PAGES), this.#interval).unref();
  }

  /** No task is awaited: it continues only until the state of the machines that tasks were taken from is known. */
  rest(): void {
    if (!this.#listener.lostMachines.hasSuspects) this.stop();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** One round. The link reports errors, and the next round tries again. */
  async walk(pages = Number.POSITIVE_INFINITY): Promise<void> {
    if (this.#isWalking || !this.#link.isReady) return;
    this.#isWalking = true;
    try {
      if (this.#listener.sent.size > 0) await this.#lookAfterJobs(pages);
      await this.#lookForLostMachines();
    } catch {
    } finally {
      this.#isWalking = false;
    }
    if (this.#listener.sent.size === 0) this.rest();
  }

  async #lookAfterJobs(pages: number): Promise<void> {
    let left = Math.min(this.#listener.sent.size, pages * PAGE);
    for (; left > 0 && this.#link.isReady; left -= PAGE) await this.#readPage(Math.min(PAGE, left));
    await this.#link.probe();
    await this.#lookForServers();
  }

  /** Reads one job now. */
  async look(task: RemoteTask): Promise<void> {
    try {
      const [jobState] = await this.#link.readJobs([task]);
      if (jobState !== undefined && task.state !== 'settled') this.#listener.onJobState(task, jobState);
    } catch {} // the next round comes
  }

  async #readPage(size: number): Promise<void> {
    const { sent } = this.#listener;
    const tasks = firstOf(sent.values(), size);
    const jobStates = await this.#link.readJobs(tasks);
    for (const [index, task] of tasks.entries()) {
      if (task.state === 'settled') continue;
      sent.delete(task.key);
      sent.set(task.key, task);
      this.#listener.onJobState(task, jobStates[index] as JobState);
    }
  }

  async #lookForLostMachines(): Promise<void> {
    const { sent, lostMachines } = this.#listener;
    const running = machinesOf(sent.values());
    if (running.size === 0 && !lostMachines.hasSuspects) return;
    for (const lost of lostMachines.look(running, await this.#link.machines())) {
      this.#listener.noteLostMachine();
      process.emitWarning(lostMachineWarning(this.#queue, lost), {
        type: 'LokyWarning',
        code: 'LOKY_MACHINE_LOST',
      });
    }
  }

  async #lookForServers(): Promise<void> {
    if (this.#hasWarned) return;
    if ((await this.#link.serverCount()) > 0) this.#unservedSince = undefined;
    else this.#unservedSince ??= performance.now();
    if (this.#unservedSince === undefined || performance.now() - this.#unservedSince < WARN_AFTER) return;
    this.#hasWarned = true;
    process.emitWarning(
      `${this.#listener.sent.size} tasks wait in the queue ${this.#queue}, and no machine serves it: start serveTasks, ` +
        'with the same queue, prefix and database of Redis',
      { type: 'LokyWarning', code: 'LOKY_NOBODY_SERVES' },
    );
  }
}

/** How many tasks each machine runs. */
function machinesOf(tasks: Iterable<RemoteTask>): Map<string, number> {
  const running = new Map<string, number>();
  for (const { machine } of tasks) {
    if (machine !== undefined) running.set(machine, (running.get(machine) ?? 0) + 1);
  }
  return running;
}

function firstOf<T>(values: Iterable<T>, count: number): T[] {
  const first: T[] = [];
  for (const value of values) {
    if (first.length === count) break;
    first.push(value);
  }
  return first;
}

/** @returns the error of a job that cannot be found. */
export function lostJob(id: string): JobLostError {
  return new JobLostError(
    `job ${id} is no longer in its queue, and the outcome of its task is unknown: the job was removed, the queue was emptied, Redis lost ` +
      'its data (turn on appendonly), or its outcome was not fetched within keepOutcomes',
  );
}

/** @returns the error of a job that was never seen. */
export function unknownJob(id: string, queue: string): UnknownJobError {
  return new UnknownJobError(
    `there is no job ${id} in the queue ${queue}, and no outcome of it is kept: either it was never stored, or it ended ` +
      'longer ago than its submitter keeps outcomes (keepOutcomes) and jobs (removeOnComplete, removeOnFail), or it was removed',
  );
}
