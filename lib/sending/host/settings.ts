/** What workers are told of an executor: its serializer, and how answers are reduced. Code travels inside. */
import { DEFINE_SETTINGS, type Settings } from '../format.ts';
import { newId } from '../functions/definitions.ts';
import { HostPolicy } from '../functions/policy.ts';
import { writeWhole } from '../functions/whole-message.ts';
import { GraphWriter } from '../graph/writer.ts';
import type { Definition, Payload } from '../payload.ts';
import type { NamedReducer } from '../reducers.ts';
import type { SerializerName } from '../serializer.ts';
import { plainSettings } from './ready-messages.ts';

export function settingsDefinition(
  serializer: SerializerName,
  reducers: readonly NamedReducer[],
  mainByReference: boolean,
  nearestClasses: boolean,
): Definition {
  if (reducers.length === 0 && !nearestClasses)
    return { id: newId(), payload: withCodes([], plainSettings(serializer)) };
  const settings: Settings = {
    serializer,
    ...(nearestClasses && { nearestClasses }),
    // Methods are looked up once: the object that holds them may have state that stays here.
    reducers: reducers.map(([name, { test, reduce }]) => [name, test, reduce]),
  };
  let policy = new HostPolicy([], mainByReference);
  const graph = writeWhole((message) => {
    policy = new HostPolicy([], mainByReference, message);
    return new GraphWriter(policy).write(settings, Buffer.alloc(0));
  });
  return { id: newId(), payload: withCodes([...policy.definitions], graph) };
}

function withCodes(codes: readonly Definition[], graph: Payload): Payload {
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
