/** Which machines have fallen silent under the tasks of a submitter. It asks nothing itself. */
import type { MachineReport } from './server-stats.ts';

interface LostMachine {
  readonly id: string;
  /** Its last report, if there was one. */
  readonly report: MachineReport | undefined;
  readonly taskCount: number;
}

/** A machine that was never seen may be about to report for the first time, and one whose tasks are elsewhere after an outage again. */
const MISSED = 2;

/** A machine that tasks were taken from: it has not said that it gives them back. */
interface Suspect {
  readonly tasks: Set<string>;
  /** Of the report that was there then: it may outlive the machine. A later one does not. */
  reportedAt: number | undefined;
}

export class LostMachines {
  readonly #seen = new Map<string, MachineReport>();
  readonly #missed = new Map<string, number>();
  readonly #suspects = new Map<string, Suspect>();

  get hasSuspects(): boolean {
    return this.#suspects.size > 0;
  }

  /** Its lock of a task is over: it is lost, unless it reports again. */
  suspect(id: string, task: string): void {
    const suspect = this.#suspects.get(id) ?? { tasks: new Set(), reportedAt: undefined };
    suspect.tasks.add(task);
    this.#suspects.set(id, suspect);
  }

  /** The machine has said that it gives the task back. */
  acquit(task: string): void {
    for (const [id, { tasks }] of this.#suspects)
      if (tasks.delete(task) && tasks.size === 0) this.#suspects.delete(id);
  }

  /**
   * @param running How many tasks each machine runs, by its id.
   * @param reports Of the machines that are there.
   * @returns each lost machine once.
   */
  look(running: ReadonlyMap<string, number>, reports: readonly MachineReport[]): LostMachine[] {
    const present = new Map(reports.map((report) => [report.id, report]));
    const lost: LostMachine[] = [];
    for (const id of new Set([...running.keys(), ...this.#suspects.keys()])) {
      const report = present.get(id);
      if (report !== undefined) this.#noteThere(report);
      else if (this.#misses(id, running.has(id))) {
        const taskCount = (running.get(id) ?? 0) + (this.#suspects.get(id)?.tasks.size ?? 0);
        lost.push({ id, report: this.#seen.get(id), taskCount });
        this.#suspects.delete(id);
      }
    }
    for (const report of reports) this.#seen.set(report.id, report);
    const isOfInterest = (id: string): boolean => running.has(id) || this.#suspects.has(id);
    for (const id of this.#seen.keys()) if (!present.has(id) && !isOfInterest(id)) this.#seen.delete(id);
    for (const id of this.#missed.keys()) if (!isOfInterest(id)) this.#missed.delete(id);
    return lost;
  }

  #noteThere({ id, reportedAt }: MachineReport): void {
    this.#missed.delete(id);
    const suspect = this.#suspects.get(id);
    if (suspect === undefined) return;
    suspect.reportedAt ??= reportedAt;
    if (reportedAt > suspect.reportedAt) this.#suspects.delete(id);
  }

  /** Whether this time makes it a lost one. */
  #misses(id: string, isRunning: boolean): boolean {
    const missed = (this.#missed.get(id) ?? 0) + 1;
    this.#missed.set(id, missed);
    return missed === (isRunning && this.#seen.has(id) ? 1 : MISSED);
  }
}

export function lostMachineWarning(queue: string, { id, report, taskCount }: LostMachine): string {
  const name = report === undefined ? id : `${id} (host ${report.host}, process ${report.pid})`;
  return (
    `the machine ${name} fell silent while it ran ${taskCount} tasks of this executor in the queue ${queue}: another machine ` +
    'runs them again, if maxStalledCount of serveTasks allows it. Look for what ended it: out of memory, a lost host, a network'
  );
}
