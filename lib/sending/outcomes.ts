/**
 * What became of the items of a chunk, from worker to host. Plain results travel together. All else travels as the
 * answer to a call of its own would: what cannot be sent or rebuilt of one item is an error of that item alone.
 */
import { types } from 'node:util';
import { SerializationError } from '../errors.ts';
import { OUTCOMES, VALUE_GRAPH, VALUE_HEADER, valueHeader } from './common/format.ts';
import type { Payload } from './common/payload.ts';
import { reasonOf } from './common/reason.ts';
import type { Receiver } from './receiver.ts';
import { malformed } from './values/bytes.ts';
import { writeClone } from './values/clone.ts';
import { asItIs, readForeignClone } from './values/encode.ts';

/** What became of one item: its result, or the error it failed with. */
export type ItemOutcome = readonly [ok: true, result: unknown] | readonly [ok: false, error: unknown];

type Encoder = Pick<Receiver, 'encodeValue' | 'encodeError'>;
type Decode = (payload: Payload) => unknown;
type SentOutcome = readonly [ok: boolean, answer: Payload];

/** @throws SerializationError if they are too much to be sent at once. */
export function encodeOutcomes(outcomes: readonly ItemOutcome[], encoder: Encoder): Payload {
  const together = outcomes.every(([ok]) => ok) && plainResults(outcomes, encoder);
  if (together) return together;
  const apart = outcomes.map((outcome) => sentApart(outcome, encoder));
  return writeClone(apart, valueHeader(OUTCOMES), asItIs);
}

function plainResults(outcomes: readonly ItemOutcome[], { encodeValue }: Encoder): Payload | undefined {
  try {
    const payload = encodeValue(outcomes.map(([, result]) => result));
    return payload.body[0] === VALUE_GRAPH ? undefined : payload;
  } catch {
    return undefined; // of which item that is shows when each is sent for itself
  }
}

function sentApart([ok, value]: ItemOutcome, { encodeValue, encodeError }: Encoder): SentOutcome {
  if (!ok) return [false, encodeError(value)];
  try {
    return [true, encodeValue(value)];
  } catch (refusal) {
    return [false, encodeError(refusal)];
  }
}

/**
 * @param count How many items the chunk had.
 * @param decodeValue Reads the answer to a single call.
 * @throws SerializationError if it is none of what `encodeOutcomes` writes for so many items.
 */
export function decodeOutcomes(payload: Payload, count: number, decodeValue: Decode): ItemOutcome[] {
  if (payload.body[0] !== OUTCOMES) {
    return listOf(decodeValue(payload), count).map((result) => [true, result]);
  }
  const sent = listOf(cloneOf(payload), count).map(checkOutcome);
  const bytes = payload.views.reduce((sum, view) => sum + view.byteLength, payload.body.byteLength);
  const answered = sent.reduce((sum, [, { body }]) => sum + body.byteLength, 0);
  if (answered > bytes) throw malformed('a chunk of more answers than bytes');
  return sent.map((outcome) => outcomeOf(outcome, decodeValue));
}

function cloneOf({ body, views }: Payload): unknown {
  try {
    return readForeignClone(body, VALUE_HEADER, views);
  } catch (error) {
    if (error instanceof SerializationError) throw error;
    throw new SerializationError(`cannot read the answer of the worker: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

/** The items of a list without holes. */
function listOf(sent: unknown, count: number): unknown[] {
  if (!Array.isArray(sent)) throw malformed('a chunk that is not a list');
  if (sent.length !== count) throw malformed(`a chunk of ${sent.length} results for ${count} items`);
  return Array.from(sent as unknown[]);
}

function checkOutcome(sent: unknown): SentOutcome {
  const [ok, answer] = Array.isArray(sent) ? (sent as unknown[]) : [];
  if (typeof ok !== 'boolean' || typeof answer !== 'object' || answer === null)
    throw malformed('a chunk with an item that is not an outcome');
  const { body, views } = answer as Partial<Payload>;
  if (!(types.isUint8Array(body) && Array.isArray(views) && views.every(types.isUint8Array)))
    throw malformed('a chunk with an item that is not an answer');
  return [ok, answer as Payload];
}

function outcomeOf([ok, answer]: SentOutcome, decodeValue: Decode): ItemOutcome {
  try {
    return [ok, decodeValue(answer)];
  } catch (error) {
    return [false, error];
  }
}
