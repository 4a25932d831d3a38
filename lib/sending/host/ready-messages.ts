/**
 * Messages whose form is known, written without the graph: to ask of each value whether every process has it takes an
 * index of all globals and built-in modules, which is most of what a first task would wait for.
 */
import { packMessage } from '../graph/pack.ts';
import type { RowHead } from '../graph/row.ts';
import { type Payload, payloadOf } from '../payload.ts';
import type { SerializerName } from '../serializer.ts';

/** The graph of a `Settings` without reducers. */
export function plainSettings(serializer: SerializerName): Payload {
  const flat = [[1, 4], { serializer: 2, reducers: 3 }, serializer, [], ['Set']];
  return payloadOf(packMessage(NO_HEADER, [], JSON.stringify(flat)), []);
}

/** The graph of a value that is one row without children. */
export function oneRow(head: RowHead, header: Uint8Array): Payload {
  return payloadOf(packMessage(header, [head], ONE_ROW), []);
}

const NO_HEADER = new Uint8Array(0);
const ONE_ROW = JSON.stringify([[1, 3], ['$', 2], 0, ['Set', 4], []]);
