/** Which machines have fallen silent under the tasks of a submitter. It asks nothing itself. */
import type { MachineReport } from './server-stats.ts';

export interface LostMachine {
  readonly id: string;
  /** Its last report, if there was one. */
  readonly report: MachineReport | undefined;
  readonly taskCount: number;
}

/** A machine that was never seen may be about to report for the first time. */
const MISSED = 2;

export class LostMachines {
  readonly #seen = new Map<string, MachineReport>();
  readonly #missed = new Map<string, number>();

  /**
   * @param running How many tasks each machine runs, by its id.
   * @param reports Of the machines that are there.
   * @returns each lost machine once.
   */
  look(running: ReadonlyMap<string, number>, reports: readonly MachineReport[]): LostMachine[] {
    const present = new Set(reports.map(({ id }) => id));
    const lost: LostMachine[] = [];
    for (const [id, taskCount] of running) {
      if (present.has(id)) this.#missed.delete(id);
      else if (this.#misses(id)) lost.push({ id, report: this.#seen.get(id), taskCount });
    }
    for (const report of reports) this.#seen.set(report.id, report);
    for (const id of this.#seen.keys()) if (!present.has(id) && !running.has(id)) this.#seen.delete(id);
    for (const id of this.#missed.keys()) if (!running.has(id)) this.#missed.delete(id);
    return lost;
  }

  /** Whether this time makes it a lost one. */
  #misses(id: string): boolean {
    const missed = (this.#missed.get(id) ?? 0) + 1;
    this.#missed.set(id, missed);
    return missed === (this.#seen.has(id) ? 1 : MISSED);
  }
}

export function lostMachineWarning(queue: string, { id, report, taskCount }: LostMachine): string {
  const name = report === undefined ? id : `${id} (host ${report.host}, process ${report.pid})`;
  return (
    `the machine ${name} fell silent while it ran ${taskCount} tasks of this executor in the queue ${queue}: another machine ` +
    'runs them again, if maxStalledCount of serveTasks allows it. Look for what ended it: out of memory, a lost host, a network'
  );
}
