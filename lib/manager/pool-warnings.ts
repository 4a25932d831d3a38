/** What a pool says by itself: each of these once, as loky does, however often it happens. */

import { megabytes } from '../child/exit-report.ts';
import type { LeakFigures } from '../child/protocol.ts';
import { describeThrown, messageOf } from '../system/thrown.ts';

export class PoolWarnings {
  readonly #given = new Set<string>();

  leak({ reference, memory }: LeakFigures): void {
    this.#give(
      'LOKY_MEMORY_LEAK',
      `A worker was replaced because its memory grew from ${megabytes(reference)} to ${megabytes(memory)}: its tasks ` +
        'leave memory behind (a memory leak). No task was lost; the event workerRecycled reports each replacement.',
    );
  }

  /** @param why What the system said. */
  unmeasurable(why: string): void {
    this.#give(
      'LOKY_MEMORY_UNKNOWN',
      `The memory of workers cannot be measured here (${why}): those that leak are not replaced (memory.leakThreshold), ` +
        'and memory.limit is not enforced. On Linux that takes a mounted /proc.',
    );
  }

  /** The system has no process, descriptor or memory to spare. */
  shortage({ message }: Error): void {
    this.#give('LOKY_WORKER_SHORTAGE', `Workers cannot be started for now. ${message}`);
  }

  /** The worker leaves all the same. */
  teardownFailed(error: unknown): void {
    const message = `The teardown of a worker failed: ${messageOf(error)}`;
    this.#give('LOKY_TEARDOWN', message, describeThrown(error));
  }

  /** The worker was killed. */
  teardownTooSlow(teardownTimeout: number): void {
    this.#give(
      'LOKY_TEARDOWN_TIMEOUT',
      `The teardown of a worker did not end within ${teardownTimeout} ms (teardownTimeout), and the worker was killed.`,
    );
  }

  /** @param detail What is printed below the message. */
  #give(code: string, message: string, detail?: string): void {
    if (this.#given.has(code)) return;
    this.#given.add(code);
    process.emitWarning(message, { type: 'LokyWarning', code, detail });
  }
}
