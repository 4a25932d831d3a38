/** Notices reducers that would never end: what one gives is taken by its own test again. */
import { isPrimitive } from '../values/items.ts';
import { Refusal } from './refusal.ts';

/** By which reducers a value came to be, while one message is written. */
export class ReducedValues {
  private readonly makers = new Map<unknown, readonly string[]>();

  /** To be called before `name` reduces `value`. @throws Refusal if it, or a chain of reducers, goes in a circle. */
  before(value: unknown, name: string): void {
    if (this.makers.get(value)?.includes(name) !== true) return;
    throw new Refusal(
      value,
      `is what the reducer "${name}" gave, and passes its test again: that would never end`,
      `let reduce of "${name}" return plain data, or its test take less`,
    );
  }

  after(value: unknown, name: string, reduced: unknown): void {
    if (isPrimitive(reduced)) return;
    this.makers.set(reduced, [...(this.makers.get(value) ?? []), name]);
    if (reduced === value) this.before(value, name);
  }
}
