/**
 * Messages whose form is known, written without the graph: to ask of each value whether every process has it takes an
 * index of all globals and built-in modules, which is most of what a first task would wait for.
 */
import { DEFINE_SETTINGS } from '../common/format.ts';
import { type Definition, type Payload, payloadOf } from '../common/payload.ts';
import type { SerializerName } from '../common/serializer.ts';
import { packMessage } from '../graph/message.ts';
import type { RowHead } from '../graph/row.ts';

/** A `Settings` without reducers. */
export function plainSettings(serializer: SerializerName): Payload {
  const flat = [[1, 4], { serializer: 2, reducers: 3 }, serializer, [], ['Set']];
  return settingsPayload([], payloadOf(packMessage(NO_HEADER, [], JSON.stringify(flat)), []));
}

/** The graph of a value that is one row without children. */
export function oneRow(head: RowHead, header: Uint8Array): Payload {
  return payloadOf(packMessage(header, [head], ONE_ROW), []);
}

export const NO_HEADER = new Uint8Array(0);
const ONE_ROW = JSON.stringify([[1, 3], ['$', 2], 0, ['Set', 4], []]);

/** Codes that settings need, and the graph of a `Settings`. */
export function settingsPayload(codes: readonly Definition[], graph: Payload): Payload {
  const head = Buffer.allocUnsafe(5);
  head[0] = DEFINE_SETTINGS;
  head.writeUInt32LE(codes.length, 1);
  const parts: Uint8Array[] = [head];
  for (const { id, payload } of codes) {
    const number = Buffer.allocUnsafe(4);
    number.writeUInt32LE(id, 0);
    // Behind the tag, a code's body is its text preceded by its length.
    parts.push(number, payload.body.subarray(1));
  }
  return { body: Buffer.concat([...parts, graph.body]), views: graph.views };
}
