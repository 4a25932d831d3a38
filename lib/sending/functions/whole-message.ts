/**
 * What shows only when all of a message has been written: which variables its functions share, and which modules it
 * refers to. Then it is written again with that known. Outcomes depend on the message alone, not on what came before.
 */
import { Cells } from './cells.ts';

const MOST_ROUNDS = 4;

export class WholeMessage {
  cells = new Cells();
  /** Modules that the message refers to, as far as earlier writings have shown. */
  private readonly known = new Set<string>();
  private readonly referred = new Set<string>();
  private readonly copied = new Set<string>();
  private unseen: readonly object[] = [];

  /** Keys of stores of which it matters whether the message has them. */
  wanted: ReadonlySet<object> | undefined;
  /** What functions of the message import. */
  readonly imported = new Set<unknown>();

  /** Something of that module goes by reference. */
  refer(url: string): void {
    this.referred.add(url);
  }

  /** A function of that module goes by value. */
  copy(url: string): void {
    this.copied.add(url);
  }

  /** Whether workers will load the module for this message. */
  refersTo(url: string): boolean {
    return this.known.has(url);
  }

  /** Stores have such keys, and whether the message has them does not show. */
  noteUnseen(keys: readonly object[]): void {
    this.unseen = keys;
  }

  /** Whether it must be written again, with more that is known now. */
  isUnfinished(): boolean {
    const isUnfinished = [this.isSplit(), this.isBlind()].includes(true);
    if (isUnfinished) this.cells = new Cells();
    return isUnfinished;
  }

  /** Whether code went by value although the message refers to its module: not so in the next writing. */
  private isSplit(): boolean {
    const split = [...this.copied].filter((url) => this.referred.has(url) && !this.known.has(url));
    for (const url of split) this.known.add(url);
    return split.length > 0;
  }

  private isBlind(): boolean {
    const { wanted, unseen } = this;
    const more = unseen.filter((key) => wanted?.has(key) !== true);
    if (more.length > 0) this.wanted = new Set([...(wanted ?? []), ...more]);
    return more.length > 0;
  }
}

/** @param write Writes all of the message; called again where more is known. */
export function writeWhole<T>(write: (message: WholeMessage) => T): T {
  const message = new WholeMessage();
  let written = write(message);
  for (let round = 1; round < MOST_ROUNDS && message.isUnfinished(); round++) written = write(message);
  return message.cells.resolve() ? write(message) : written;
}
