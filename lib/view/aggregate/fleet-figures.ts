/**
 * What a view shows of a fleet. The snapshot of an observer of `loky/bullmq` is one; a program that knows its machines in another
 * way may give its own.
 */

/** A machine of a fleet, as the page shows it. */
export interface FleetMachine {
  readonly host: string;
  readonly pid?: number | undefined;
  /** Of the tasks that it has. */
  readonly tasksVersion?: string | null | undefined;
  /** How many jobs it can run at once. */
  readonly workers?: number | undefined;
  /** How many jobs it runs. */
  readonly active?: number | undefined;
  /** Whether it takes no more jobs, for it leaves. */
  readonly draining?: boolean | undefined;
  /** Memory of its worker processes together, in bytes. */
  readonly rss?: number | undefined;
  /** When it was last heard of, in milliseconds since 1970. */
  readonly reportedAt: number;
}

/** How many jobs of a queue there are in each state. */
export interface FleetJobs {
  readonly waiting?: number | undefined;
  readonly prioritized?: number | undefined;
  readonly delayed?: number | undefined;
  readonly active?: number | undefined;
  readonly waitingChildren?: number | undefined;
  readonly completed?: number | undefined;
  readonly failed?: number | undefined;
}

/** What the page shows of a fleet. */
export interface FleetFigures {
  /** The name of the queue. */
  readonly queue?: string | undefined;
  /** The machines that serve it. */
  readonly machines: readonly FleetMachine[];
  readonly jobs?: FleetJobs | undefined;
  /** The job that waits longest, and for how many milliseconds. */
  readonly oldest?: { readonly name?: string | undefined; readonly age: number } | undefined;
}

/** More would fill no page that anyone reads. */
const MOST_MACHINES = 500;
const LONGEST_NAME = 200;

/** What the page needs of it, and nothing else that came along. */
export function pickFleet({ queue, machines, jobs, oldest }: FleetFigures): FleetFigures {
  const text = (value: string | null | undefined) => value?.slice(0, LONGEST_NAME);
  const { waiting, prioritized, delayed, active, waitingChildren, completed, failed } = jobs ?? {};
  return {
    queue: text(queue),
    machines: machines.slice(0, MOST_MACHINES).map((machine) => ({
      host: machine.host.slice(0, LONGEST_NAME),
      pid: machine.pid,
      tasksVersion: text(machine.tasksVersion),
      workers: machine.workers,
      active: machine.active,
      draining: machine.draining,
      rss: machine.rss,
      reportedAt: machine.reportedAt,
    })),
    jobs: { waiting, prioritized, delayed, active, waitingChildren, completed, failed },
    oldest: oldest && { name: text(oldest.name), age: oldest.age },
  };
}
