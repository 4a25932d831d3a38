/** What workers must know of an executor: its serializer, and how answers are reduced. Code travels inside. */
import { SerializationError } from '../../errors.ts';
import type { Settings } from '../common/format.ts';
import type { Payload } from '../common/payload.ts';
import type { NamedReducer } from '../common/reducers.ts';
import type { SerializerName } from '../common/serializer.ts';
import { sendingError } from '../graph/refusal.ts';
import { NO_HEADER, settingsPayload } from './ready-messages.ts';
import { writeGraph } from './write-graph.ts';

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
  const roots = reducers.flatMap(([name, { test, reduce }]) => [
    { name: `test of the reducer "${name}"`, value: test },
    { name: `reduce of the reducer "${name}"`, value: reduce },
  ]);
  const { payload, policy } = writeGraph(
    { reducers: [], mainByReference },
    NO_HEADER,
    () => settings,
    (error, writer) =>
      sendingError(error, 'send the reducers', 'the reducers', roots, (owner) => writer.edgesOf(owner)),
  );
  if (policy.shares.size > 0) {
    const hint = 'let `reduce` give the shared value, and `rebuild` take it';
    throw new SerializationError(`cannot send a reducer that captures a shared value\n  hint: ${hint}`);
  }
  return settingsPayload([...policy.definitions], payload);
}
