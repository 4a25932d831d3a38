/** Whether a pool goes on after a worker died, or hung, while it started. It starts and ends nothing. */
import type { BrokenProcessPool } from '../../errors.ts';
import type { ExecutorSettings } from '../../options/executor-options.ts';
import type { ExitReport } from '../../worker-process/exit-report.ts';
import type { WorkerState } from '../fleet/pool-worker.ts';
import { diedWhileStarting, startedTooSlowly } from './startup-errors.ts';

/** Workers that a signal from outside ends while they start are started again so often in a row. */
const MAX_IN_A_ROW = 3;

export class FailedStarts {
  readonly #settings: ExecutorSettings;
  #inARow = 0;

  constructor(settings: ExecutorSettings) {
    this.#settings = settings;
  }

  /** `undefined` if another one may be started, else what breaks the pool. */
  note(exit: ExitReport, before: WorkerState): BrokenProcessPool | undefined {
    this.#inARow += 1;
    const mayTryAgain = this.#settings.onWorkerCrash === 'isolate' && exit.signal !== undefined;
    if (mayTryAgain && this.#inARow < MAX_IN_A_ROW) return undefined;
    return diedWhileStarting(exit, this.#ranInitializer(before));
  }

  tooSlow(before: WorkerState): BrokenProcessPool {
    return startedTooSlowly(this.#settings.startTimeout, this.#ranInitializer(before));
  }

  /** A worker was ready. */
  reset(): void {
    this.#inARow = 0;
  }

  #ranInitializer(before: WorkerState): boolean {
    return before === 'initializing' && this.#settings.initializer !== undefined;
  }
}
