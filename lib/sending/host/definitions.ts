/** Numbers and definitions: what workers are told once. Bounded: what is forgotten here, workers are told to forget. */
import { CALL_HEADER, DEFINE_CODE } from '../common/format.ts';
import type { Definition, Payload } from '../common/payload.ts';

const CODE_LIMIT = 2000;

let nextId = 1;
const codes = new Map<string, Definition>();

/** What was retired since a sender looked last. */
interface Retired {
  readonly ids: number[];
  /** The last one is large: workers should forget it now. */
  onLarge: () => void;
}

const listeners = new Set<WeakRef<Retired>>();

export const newId = (): number => nextId++;

/** The definition of a `CodeText` as JSON: one for all functions with that text at that place. */
export function codeDefinition(key: string): Definition {
  const found = codes.get(key);
  if (found) {
    codes.delete(key);
    codes.set(key, found);
    return found;
  }
  const definition = { id: newId(), payload: codePayload(key) };
  codes.set(key, definition);
  // A call that waited may bring it to a worker again after it was retired.
  retireWhenUnused(definition);
  if (codes.size > CODE_LIMIT) {
    const [oldest, { id }] = codes.entries().next().value as [string, Definition];
    codes.delete(oldest);
    retire(id);
  }
  return definition;
}

function codePayload(json: string): Payload {
  const text = Buffer.from(json);
  const body = Buffer.allocUnsafe(CALL_HEADER + text.length);
  body[0] = DEFINE_CODE;
  body.writeUInt32LE(text.length, 1);
  text.copy(body, CALL_HEADER);
  return { body, views: [] };
}

const collected = new FinalizationRegistry<number>(retire);

/** Retires a definition when nobody holds it any more: no function, and no call that waits to be sent. */
export function retireWhenUnused(definition: Definition): void {
  collected.register(definition, definition.id);
}

function retire(id: number): void {
  for (const reference of listeners) {
    const retired = reference.deref();
    if (retired) retired.ids.push(id);
    else listeners.delete(reference);
  }
}

/** Of something large, which workers need not keep until they are asked to forget other things. */
export function retireAtOnce(id: number): void {
  retire(id);
  for (const reference of [...listeners]) reference.deref()?.onLarge();
}

/** The numbers of retired definitions are added to it for as long as a sender holds it. */
export function newRetired(): Retired {
  const retired: Retired = { ids: [], onLarge: () => {} };
  listeners.add(new WeakRef(retired));
  return retired;
}
