/**
 * What became of the items of a chunk, from worker to host. Plain results travel together. All else travels as the
 * answer to a call of its own would: what cannot be sent or rebuilt of one item is an error of that item alone.
 */
import { OUTCOMES, VALUE_GRAPH, VALUE_HEADER, valueHeader } from './format.ts';
import type { Payload } from './payload.ts';
import type { Receiver } from './receiver.ts';
import { malformed } from './values/bytes.ts';
import { writeClone } from './values/clone.ts';
import { asItIs, readCloneAt } from './values/encode.ts';

/** What became of one item: its result, or the error it failed with. */
export type ItemOutcome = readonly [ok: true, result: unknown] | readonly [ok: false, error: unknown];

type Encoder = Pick<Receiver, 'encodeValue' | 'encodeError'>;
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
 * @param decodeValue Reads the answer to a single call.
 * @throws SerializationError if it is none of what `encodeOutcomes` writes.
 */
export function decodeOutcomes(payload: Payload, decodeValue: (payload: Payload) => unknown): ItemOutcome[] {
  const { body, views } = payload;
  const areApart = body[0] === OUTCOMES;
  const sent = areApart ? readCloneAt(body, VALUE_HEADER, views) : decodeValue(payload);
  if (!Array.isArray(sent)) throw malformed('a chunk that is no list');
  return sent.map((item: unknown) => (areApart ? outcomeOf(item as SentOutcome, decodeValue) : [true, item]));
}

function outcomeOf([ok, answer]: SentOutcome, decodeValue: (payload: Payload) => unknown): ItemOutcome {
  try {
    return [ok, decodeValue(answer)];
  } catch (error) {
    return [false, error];
  }
}
