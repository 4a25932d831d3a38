/** Sends the output of tasks to those submitters that use `onOutput`. */
import type { Job } from 'bullmq';
import type { OutputEvent } from '../observing/events.ts';
import { clearTimeout, setTimeout } from '../system/timers.ts';
import type { Replies } from './replies.ts';
import type { JobData, OutputLine } from './wire.ts';

/** Characters of one line, and of all lines of a job that are sent at once. */
const LONGEST_LINE = 8_000;
const MOST_AT_ONCE = 64_000;
/** Milliseconds between two messages of one job. */
const INTERVAL = 100;
/** Milliseconds for which lines are expected after the job: they take another way than its outcome does. */
const LATE = 2_000;

/** The pool, as far as it gives output. */
interface OutputSource {
  on(event: 'output', listener: (event: OutputEvent) => void): unknown;
  off(event: 'output', listener: (event: OutputEvent) => void): unknown;
}

interface Reader {
  readonly executor: string;
  readonly jobId: string;
  lines: OutputLine[];
  length: number;
  omitted: number;
  timer: NodeJS.Timeout | undefined;
  /** Until it is removed, once the job has ended here. */
  removal: NodeJS.Timeout | undefined;
}

/** Lines of output say which task wrote them by its name alone: that of such a task is its own. */
export const outputName = (job: Pick<Job, 'id' | 'name'>): string =>
  `${job.name.slice(0, 500)} (job ${job.id})`;

export class TaskOutputs {
  readonly #executor: OutputSource;
  readonly #givesOutput: boolean;
  readonly #replies: Pick<Replies, 'report'>;
  readonly #readers = new Map<string, Reader>();
  #hasWarned = false;
  readonly #onOutput = (event: OutputEvent): void => this.#note(event);

  /** @param givesOutput Whether the pool has `stdio: 'events'`. */
  constructor(executor: OutputSource, givesOutput: boolean, replies: Pick<Replies, 'report'>) {
    this.#executor = executor;
    this.#givesOutput = givesOutput;
    this.#replies = replies;
  }

  /** To be called when the job begins. */
  begin(job: Pick<Job, 'id' | 'name'>, { reply }: Partial<JobData>): void {
    if (typeof reply !== 'string') return;
    this.#warnOfStdio();
    const name = outputName(job);
    clearTimeout(this.#readers.get(name)?.removal);
    if (this.#readers.size === 0) this.#executor.on('output', this.#onOutput);
    this.#readers.set(name, {
      ...{ executor: reply, jobId: String(job.id) },
      ...{ lines: [], length: 0, omitted: 0, timer: undefined, removal: undefined },
    });
  }

  /** To be called when it has ended here. */
  end(job: Pick<Job, 'id' | 'name'>): void {
    const name = outputName(job);
    const reader = this.#readers.get(name);
    if (reader === undefined || reader.removal !== undefined) return;
    this.#flush(reader);
    reader.removal = setTimeout(() => this.#remove(name, reader), LATE).unref();
  }

  close(): void {
    for (const [name, reader] of [...this.#readers]) this.#remove(name, reader);
  }

  #remove(name: string, reader: Reader): void {
    clearTimeout(reader.removal);
    this.#flush(reader);
    this.#readers.delete(name);
    if (this.#readers.size === 0) this.#executor.off('output', this.#onOutput);
  }

  #note({ task, stream, line }: OutputEvent): void {
    const reader = task === undefined ? undefined : this.#readers.get(task);
    if (reader === undefined) return;
    const text = line.slice(0, LONGEST_LINE);
    if (reader.length + text.length > MOST_AT_ONCE) reader.omitted += 1;
    else {
      reader.lines.push([stream === 'stderr', text]);
      reader.length += text.length + 1;
    }
    reader.timer ??= setTimeout(() => this.#flush(reader), INTERVAL).unref();
  }

  #flush(reader: Reader): void {
    clearTimeout(reader.timer);
    reader.timer = undefined;
    const { lines, omitted } = reader;
    if (lines.length === 0 && omitted === 0) return;
    if (omitted > 0)
      lines.push([true, `… ${omitted} lines left out: the task writes faster than output is sent`]);
    reader.lines = [];
    reader.length = 0;
    reader.omitted = 0;
    this.#replies.report(reader.executor, reader.jobId, 'output', JSON.stringify(lines));
  }

  #warnOfStdio(): void {
    if (this.#hasWarned || this.#givesOutput) return;
    this.#hasWarned = true;
    process.emitWarning(
      "A submitter wants the output of its tasks (onOutput), and the pool of serveTasks does not give it: give that pool stdio: 'events'",
      { type: 'LokyWarning', code: 'LOKY_NO_OUTPUT' },
    );
  }
}
