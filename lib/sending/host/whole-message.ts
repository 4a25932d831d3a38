/**
 * What shows only when all of a message has been written: which variables its functions share, and which modules it
 * refers to. Then it is written again with that known. Outcomes depend on the message alone, not on what came before.
 */

import { knowsOf, type Member } from '../functions/added.ts';
import { Cells } from '../functions/cells.ts';
import { holdingDebugger } from '../functions/scripts.ts';
import type { TextPlan } from '../functions/text-plan.ts';
import { SharedData } from '../graph/plain-parts.ts';
import { Refusal } from '../graph/refusal.ts';

const MOST_ROUNDS = 4;

export class WholeMessage {
  cells = new Cells();
  /** Whether plain data may share objects with the rest of the message. */
  isShared: boolean;
  /** Modules that the message refers to, as far as earlier writings have shown. */
  private readonly known = new Set<string>();
  private readonly referred = new Set<string>();
  private readonly copied = new Set<string>();
  private unseen: readonly object[] = [];

  /** Keys of stores of which it matters whether the message has them. */
  wanted: ReadonlySet<object> | undefined;
  /** What functions of the message import. */
  readonly imported = new Set<unknown>();

  /** Classes that go by value, and what functions that go by value read from globals. */
  private readonly classes = new Set<object>();
  private readonly members = new Map<string, Member>();

  constructor(isShared = false) {
    this.isShared = isShared;
  }

  /** A function that goes by value. */
  note(fn: object, { kind, members }: TextPlan): void {
    if (kind === 'class' || kind === 'function') this.classes.add(fn);
    this.noteReads(members);
  }

  /** What functions of the task read from globals, also those that the worker has already. */
  noteReads(members: Iterable<Member>): void {
    for (const member of members) this.members.set(member.join('.'), member);
  }

  reads(): readonly Member[] {
    return [...this.members.values()];
  }

  /** @throws Refusal if something that was added to the language knows of a class what a worker would not. */
  refuseForgotten(): void {
    for (const cls of this.classes) {
      for (const [path, member] of this.members) {
        if (!knowsOf(member, cls)) continue;
        const reason = `goes by value, and what ${path} knows of it stays in this process`;
        throw new Refusal(cls, reason, 'export the class from a module, which workers then import');
      }
    }
  }

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
export const writeWhole = <T>(write: (message: WholeMessage) => T): T =>
  holdingDebugger(() => writeUntilKnown(new WholeMessage(), write));

function writeUntilKnown<T>(message: WholeMessage, write: (message: WholeMessage) => T): T {
  let written = writeShared(message, write);
  for (let round = 1; round < MOST_ROUNDS && message.isUnfinished(); round++)
    written = writeShared(message, write);
  message.refuseForgotten();
  return message.cells.resolve() ? writeShared(message, write) : written;
}

function writeShared<T>(message: WholeMessage, write: (message: WholeMessage) => T): T {
  try {
    return write(message);
  } catch (error) {
    if (!(error instanceof SharedData) || message.isShared) throw error;
    message.isShared = true;
    message.cells.restart();
    return write(message);
  }
}
