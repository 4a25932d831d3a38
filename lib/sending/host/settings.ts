/** What workers must know of an executor: its serializer, and how answers are reduced. Code travels inside. */
import { SerializationError } from '../../errors.ts';
import type { Settings } from '../common/format.ts';
import type { Payload } from '../common/payload.ts';
import type { NamedReducer } from '../common/reducers.ts';
import type { SerializerName } from '../common/serializer.ts';
import { GraphWriter } from '../graph/writer.ts';
import { HostPolicy } from './policy.ts';
import { settingsPayload } from './ready-messages.ts';
import { writeWhole } from './whole-message.ts';

export function reducingSettings(
  serializer: SerializerName,
  reducers: readonly NamedReducer[],
  mainByReference: boolean,
  nearestClasses: boolean,
): Payload {
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
  if (policy.shares.size > 0) {
    const hint = 'let `reduce` give the shared value, and `rebuild` take it';
    throw new SerializationError(`cannot send a reducer that captures a shared value\n  hint: ${hint}`);
  }
  return settingsPayload([...policy.definitions], graph);
}
