/** What the tasks of each name took. Names that differ for each task must not fill the memory: the least are put together. */
import type { FunctionRow } from './messages.ts';

export interface FunctionTotals {
  readonly id: number;
  readonly name: string;
  count: number;
  total: number;
  longest: number;
  errors: number;
  isChanged: boolean;
}

/** More than a page can show. */
const KEPT = 200;
/** Between two rounds of putting together. */
const MOST = 1_000;
const LONGEST_NAME = 200;
export const OTHERS = '(other names)';

export class Functions {
  readonly #byName = new Map<string, FunctionTotals>();
  readonly #others: FunctionTotals = newTotals(0, OTHERS);
  #lastId = 0;
  #gone: number[] = [];

  of(name: string): FunctionTotals {
    return this.#byName.get(name) ?? this.#add(name);
  }

  #add(name: string): FunctionTotals {
    if (this.#byName.size >= MOST) return this.#others;
    this.#lastId += 1;
    const totals = newTotals(
      this.#lastId,
      name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name,
    );
    this.#byName.set(name, totals);
    return totals;
  }

  /** @param runTime In milliseconds; 0 if it did not run. */
  static note(totals: FunctionTotals, runTime: number): void {
    totals.count += 1;
    totals.total += runTime;
    if (runTime > totals.longest) totals.longest = runTime;
    totals.isChanged = true;
  }

  static noteError(totals: FunctionTotals): void {
    totals.errors += 1;
    totals.isChanged = true;
  }

  /** To be called now and then. */
  putTogether(): void {
    if (this.#byName.size <= KEPT) return;
    const byTotal = [...this.#byName].sort(([, a], [, b]) => b.total - a.total);
    for (const [name, totals] of byTotal.slice(KEPT / 2)) {
      this.#byName.delete(name);
      this.#gone.push(totals.id);
      this.#others.count += totals.count;
      this.#others.total += totals.total;
      this.#others.longest = Math.max(this.#others.longest, totals.longest);
      this.#others.errors += totals.errors;
      this.#others.isChanged = true;
    }
  }

  all(): FunctionRow[] {
    const all = [...this.#byName.values()];
    return (this.#others.count > 0 ? [...all, this.#others] : all).map(rowOf);
  }

  /** Since this was asked last: also those that were put together with others, which have no tasks any more. */
  takeChanged(): FunctionRow[] {
    const changed: FunctionRow[] = this.#gone.map((id) => [id, '', 0, 0, 0, 0]);
    this.#gone = [];
    for (const totals of [...this.#byName.values(), this.#others]) {
      if (!totals.isChanged) continue;
      totals.isChanged = false;
      changed.push(rowOf(totals));
    }
    return changed;
  }
}

function newTotals(id: number, name: string): FunctionTotals {
  return { id, name, count: 0, total: 0, longest: 0, errors: 0, isChanged: name !== OTHERS };
}

function rowOf({ id, name, count, total, longest, errors }: FunctionTotals): FunctionRow {
  return [id, name, count, round(total), round(longest), errors];
}

/** To microseconds. */
export function round(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}
