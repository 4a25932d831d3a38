/**
 * The plain data of a message that is more than a little: all of it goes as one structured clone, beside the rows, which
 * costs as much as the same in arguments without a function beside it. Each object of the message is either in the clone or
 * among the rows, wherever it is referred to, so that what was one object stays one. That they have none in common is looked
 * at in the end; where they have, the message is written again, and data that shares something is kept together.
 */
import { types } from 'node:util';
import { Visited } from '../values/containers.ts';
import { RICH, tierOf } from '../values/scan.ts';

/** Less is quicker by itself than with the overhead of a clone. */
const ENOUGH = 100;
/** Of a message in which so much data turned out to hold more than data, no more is looked at. */
const MOST_IN_VAIN = 1_000_000;

const sizeOfMap = Object.getOwnPropertyDescriptor(Map.prototype, 'size')?.get as () => number;
const sizeOfSet = Object.getOwnPropertyDescriptor(Set.prototype, 'size')?.get as () => number;

/** Thrown inside of a scan. */
const STOP = new Error('is no plain part');

/** Thrown where an object would be both in the clone and among the rows. */
export class SharedData extends Error {}

interface PlainPart {
  readonly value: object;
  readonly weight: number;
}

export class PlainParts {
  /** What the clone is to hold, in the order of its rows. */
  readonly list: PlainPart[] = [];
  /** What the parts hold: looked at once at most, in the end. */
  private readonly scanned: (readonly object[])[] = [];
  /** What is in the clone, if that is asked for each object. */
  private readonly cloned: Set<object> | undefined;
  private readonly amongRows = new Set<object>();
  private readonly isKnown: (value: object) => boolean;
  private inVain = 0;

  /**
   * @param isKnown Whether the reader has the object by itself: then it is no part of the data.
   * @param isShared Whether objects of the clone are referred to from elsewhere in the message.
   */
  constructor(isKnown: (value: object) => boolean, isShared: boolean) {
    this.isKnown = isKnown;
    if (isShared) this.cloned = new Set();
  }

  /** Whether the object goes in the clone, as a part of its own or of another. */
  takes(value: object): boolean {
    if (this.holds(value)) return this.add(value, 0);
    if (this.amongRows.has(value) || this.inVain > MOST_IN_VAIN) return false;
    const scan = new Scan(this.cloned, this.amongRows, this.isKnown);
    const isPlain = scan.isPlain(value);
    if (!isPlain) this.inVain += scan.seen.length;
    // What shares something with the clone belongs there.
    if (isPlain && (scan.weight >= ENOUGH || scan.isShared)) {
      this.scanned.push(scan.seen);
      if (this.cloned) for (const each of scan.seen) this.cloned.add(each);
      return this.add(value, scan.weight);
    }
    for (const each of isPlain ? scan.seen : [value]) this.amongRows.add(each);
    return false;
  }

  /** Whether it is known to be in the clone. */
  holds(value: object): boolean {
    return this.cloned?.has(value) === true;
  }

  /** An object that goes among the rows, whatever it holds. */
  leave(value: object): void {
    this.amongRows.add(value);
  }

  /** @throws SharedData where an object would be two for the reader. */
  check(): void {
    if (this.cloned) return; // each was asked for
    for (const seen of this.scanned)
      for (const each of seen) if (this.amongRows.has(each)) throw new SharedData();
  }

  private add(value: object, weight: number): true {
    this.list.push({ value, weight });
    return true;
  }
}

/** Walks data that may become a part. */
class Scan extends Visited {
  weight = 0;
  isShared = false;
  readonly seen: object[] = [];
  private readonly cloned: ReadonlySet<object> | undefined;
  private readonly amongRows: ReadonlySet<object>;
  private readonly isKnown: (value: object) => boolean;

  constructor(
    cloned: ReadonlySet<object> | undefined,
    amongRows: ReadonlySet<object>,
    isKnown: (value: object) => boolean,
  ) {
    super();
    this.cloned = cloned;
    this.amongRows = amongRows;
    this.isKnown = isKnown;
  }

  isPlain(value: object): boolean {
    try {
      return tierOf(value, this) !== RICH;
    } catch {
      return false; // or it is nested too deeply, or cannot be asked: the rows say why
    }
  }

  override add(value: object, depth: number): boolean {
    if (!super.add(value, depth)) return false;
    if (this.cloned) {
      if (this.amongRows.has(value)) throw STOP;
      if (this.cloned.has(value)) {
        this.isShared = true;
        return false;
      }
    }
    if (this.isKnown(value)) throw STOP;
    this.weight += weightOf(value);
    this.seen.push(value);
    return true;
  }
}

/** Many primitives in one list are as much as many objects. */
function weightOf(value: object): number {
  if (Array.isArray(value)) return 1 + (value.length >> 3);
  if (types.isMap(value)) return 1 + (sizeOfMap.call(value) >> 2);
  return types.isSet(value) ? 1 + (sizeOfSet.call(value) >> 3) : 1;
}
