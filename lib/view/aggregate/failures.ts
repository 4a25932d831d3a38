/**
 * The latest things that went wrong. The same error for many tasks is one entry with a count, and so are the tasks that the
 * death of a worker cost. A flood of failures is described only in part.
 */
import type { Failure, FailureKind, Report } from './messages.ts';

export interface FailureInput {
  readonly at: number;
  readonly kind: FailureKind;
  readonly pool: number;
  readonly rank?: number | undefined;
  readonly pid?: number | undefined;
  readonly task?: string | undefined;
  readonly report?: Report | undefined;
}

export interface Words {
  readonly message: string;
  readonly stack: string | undefined;
}

const KEPT = 60;
/** Between two messages to the pages: to put an error into words takes time. */
const DESCRIBED_AT_ONCE = 10;
const LONGEST_MESSAGE = 2_000;
const LONGEST_STACK = 6_000;

type Kept = { -readonly [K in keyof Failure]: Failure[K] };

export class Failures {
  #list: Kept[] = [];
  readonly #changed = new Set<Kept>();
  #lastId = 0;
  #described = 0;
  /** Not described, as there were too many. */
  #left = 0;
  /** What the latest entry is about: the next one with the same error is counted to it. */
  #lastError: unknown = undefined;

  /** @param words Called only if the failure gets an entry of its own. */
  add(input: FailureInput, error: unknown, words: () => Words): void {
    const known = this.#known(input, error);
    if (known !== undefined) {
      known.count += 1;
      this.#changed.add(known);
      return;
    }
    if (this.#described >= DESCRIBED_AT_ONCE) {
      this.#left += 1;
      return;
    }
    this.#described += 1;
    this.#lastError = error;
    this.#push(input, words());
  }

  #known({ kind, pool, pid }: FailureInput, error: unknown): Kept | undefined {
    const last = this.#list.at(-1);
    if (last !== undefined && error !== undefined && error === this.#lastError) return last;
    if (kind !== 'lost' || pid === undefined) return undefined;
    return this.#list.findLast((each) => each.kind === 'died' && each.pid === pid && each.pool === pool);
  }

  #push(input: FailureInput, { message, stack }: Words): void {
    this.#lastId += 1;
    const { at, kind, pool, rank, pid, task, report } = input;
    const failure: Kept = {
      id: this.#lastId,
      at: Math.round(at),
      ...{ kind, pool, rank, pid, task },
      // The end of a worker, or of a pool, has cost no task yet.
      count: kind === 'died' || kind === 'broken' ? 0 : 1,
      message: cutAt(message, LONGEST_MESSAGE),
      stack: stack === undefined ? undefined : cutAt(stack, LONGEST_STACK),
      report,
    };
    this.#list.push(failure);
    this.#changed.add(failure);
    if (this.#list.length <= KEPT) return;
    const [oldest] = this.#list.splice(0, 1);
    this.#changed.delete(oldest as Kept);
  }

  all(): Failure[] {
    return this.#list.map((failure) => ({ ...failure }));
  }

  /** Since this was asked last. */
  takeChanged(now: number): Failure[] {
    if (this.#left > 0) {
      const left = this.#left;
      this.#left = 0;
      this.#lastError = undefined;
      this.#push(
        { at: now, kind: 'failed', pool: 0 },
        { message: `${left} more failures came at the same time and are only counted`, stack: undefined },
      );
      const entry = this.#list.at(-1);
      if (entry !== undefined) entry.count = left;
    }
    this.#described = 0;
    const changed = [...this.#changed].map((failure) => ({ ...failure }));
    this.#changed.clear();
    return changed;
  }
}

function cutAt(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}
