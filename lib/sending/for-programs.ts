/** What programs use of sending by themselves: all of it that they load with the package. */

export { explain } from './explain.ts';
export { registerByValue } from './functions/by-value.ts';
export type { ExplainedPart, Explanation } from './host/explain.ts';
export type { ItemOutcome } from './outcomes.ts';
export type { Definition, HeldShare, InlineBody, Payload, PreparedCall } from './payload.ts';
export { type Reducer, type Reducers, register } from './reducers.ts';
export type { Sender, SenderOptions, UnknownClasses } from './sender.ts';
export { getLokySerializer, type SerializerName, setLokySerializer } from './serializer.ts';
export type { Shared } from './shared.ts';
export { type WrapOptions, wrapNonSerializable } from './wrap-non-serializable.ts';
