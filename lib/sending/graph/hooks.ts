/** `Symbol.for('loky.reduce')`: a class says by itself how its instances travel. */
import { Refusal } from './refusal.ts';
import type { Row } from './row.ts';
import type { GraphWriter } from './writer.ts';

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
