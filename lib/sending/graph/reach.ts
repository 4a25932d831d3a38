/** What values of a message lead to: all that code can see which gets them. Builds nothing, and trusts nothing it reads. */
import { malformed } from '../values/bytes.ts';
import { type Message, rowNumber, SPARSE } from './message.ts';

const UNSEEN = 0;
const SEEN = 1;
const COMPLETE = 2;

/** Visits on behalf of code other than classes: each value is complete after one, and only what is refused is visited again. */
const MOST_VISITS_EACH = 2;
const MOST_VISITS = 1_000_000;

export class Reach {
  private readonly message: Message;
  private readonly marks: Uint8Array;
  /** What WeakMaps and WeakSets keep for an object is a part of that object. */
  private readonly kept = new Map<number, number[]>();
  private found: number[] = [];
  private visits = 0;

  constructor(message: Message) {
    this.message = message;
    this.marks = new Uint8Array(message.flat.length);
  }

  /** Values that belong to another one. */
  keep(owner: number, values: readonly number[]): void {
    this.kept.set(owner, [...(this.kept.get(owner) ?? []), ...values]);
  }

  /**
   * The indices of all that is not complete, so that each comes after one that leads to it. Primitives are complete.
   *
   * @param isBounded Whether this counts towards the limit: not for classes, which only come from the host.
   */
  from(starts: readonly number[], isBounded: boolean): readonly number[] {
    const { found } = this;
    for (let at = 0; at < starts.length; at++) this.add(starts[at]);
    if (found.length === 0) return found;
    for (let at = 0; at < found.length; at++) this.addLinks(found[at] as number);
    for (const index of found) this.marks[index] = UNSEEN;
    if (isBounded) this.visits += found.length;
    if (this.visits > MOST_VISITS + MOST_VISITS_EACH * this.marks.length)
      throw malformed('it is too entangled');
    this.found = [];
    return found;
  }

  /** They lead to nothing that is still to be built or filled. */
  markComplete(indices: readonly number[]): void {
    for (const index of indices) this.marks[index] = COMPLETE;
  }

  private readonly add = (index: unknown): void => {
    if (typeof index !== 'number' || this.marks[index] !== UNSEEN) return;
    if (typeof this.message.flat[index] !== 'object') return;
    this.marks[index] = SEEN;
    this.found.push(index);
  };

  private addLinks(index: number): void {
    const { add } = this;
    const raw = this.message.flat[index] as readonly unknown[] | Record<string, unknown> | null;
    if (Array.isArray(raw)) {
      const [first] = raw as readonly unknown[];
      if (first === '$') this.message.children[rowNumber(this.message, raw[1])]?.forEach(add);
      else if (first === SPARSE) for (let at = 3; at < raw.length; at += 2) add(raw[at]);
      else raw.forEach(add);
    } else if (raw !== null) Object.values(raw).forEach(add);
    this.kept.get(index)?.forEach(add);
  }
}
