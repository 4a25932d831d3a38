/** What `stats()` of an executor over many machines gives. */

/** How a task of a submitter has come to its end. */
export type RemoteOutcome = 'succeeded' | 'failed' | 'cancelled';

/** Figures of a submitter since its start. */
export interface RemoteStats {
  /** As jobs and outcomes have it in the engine. */
  readonly executorId: string;
  /** Whether the engine can be reached, and is heard. */
  readonly connected: boolean;
  /** Tasks that were ever submitted. A chunk of a `map` is one. */
  readonly submitted: number;
  /** Not in the queue yet. */
  readonly unsent: number;
  /** In the queue, and not known to have begun. */
  readonly waiting: number;
  readonly running: number;
  readonly outcomes: Readonly<Record<RemoteOutcome, number>>;
  /** Machines that fell silent while they ran tasks of this executor. */
  readonly machinesLost: number;
}

interface Counted {
  readonly state: 'unsent' | 'sent' | 'running' | 'settled';
}

/** What is counted while tasks come and go. */
export class RemoteCounts {
  submitted = 0;
  machinesLost = 0;
  readonly outcomes: Record<RemoteOutcome, number> = { succeeded: 0, failed: 0, cancelled: 0 };

  stats(executorId: string, connected: boolean, tasks: Iterable<Counted>): RemoteStats {
    const found = { unsent: 0, sent: 0, running: 0, settled: 0 };
    for (const { state } of tasks) found[state] += 1;
    return {
      ...{ executorId, connected, submitted: this.submitted, machinesLost: this.machinesLost },
      ...{ unsent: found.unsent, waiting: found.sent, running: found.running },
      outcomes: { ...this.outcomes },
    };
  }
}
