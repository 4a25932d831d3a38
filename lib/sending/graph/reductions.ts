/** What travels in the place of a value: what the hook of its class gives, or a reducer. Reducers must come to an end. */
import { isPrimitive } from '../values/primitives.ts';
import { Refusal } from './refusal.ts';
import type { Row } from './row.ts';
import type { GraphWriter } from './writer.ts';

/** By it a class says how its instances travel. */
export const HOOK: unique symbol = Symbol.for('loky.reduce') as never;

type Reduce = (this: object) => unknown;

/** By the hook of its class: `[Symbol.for('loky.reduce')]() { return [rebuild, ...args]; }`. */
export function hookRow(value: object, writer: GraphWriter): Row | undefined {
  if (!(HOOK in value) || typeof value !== 'object') return undefined;
  const reduce = (value as Record<symbol, unknown>)[HOOK];
  if (typeof reduce !== 'function') return undefined;
  const reduced = (reduce as Reduce).call(value);
  if (!Array.isArray(reduced) || typeof reduced[0] !== 'function') {
    const expected = 'returned something else than [rebuild, ...args], where rebuild is a function or class';
    throw new Refusal(value, `has a [Symbol.for("loky.reduce")]() that ${expected}`);
  }
  const [rebuild, ...args] = reduced as unknown[];
  writer.edge(value, '[reduced]', args);
  return { head: ['hook'], children: [(value as { constructor?: unknown }).constructor, rebuild, ...args] };
}

/**
 * By which reducers a value came to be, while one message is written: what one gives may be taken by its own test again,
 * which would never end.
 */
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
