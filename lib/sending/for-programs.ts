/** What programs use of sending by themselves: all of it that they load with the package. */

export type { Definition, HeldShare, InlineBody, Payload, PreparedCall } from './common/payload.ts';
export { type Reducer, type Reducers, register } from './common/reducers.ts';
export { getLokySerializer, type SerializerName, setLokySerializer } from './common/serializer.ts';
export type { Shared } from './common/shared.ts';
export { explain } from './explain.ts';
export { registerByValue } from './host/by-value.ts';
export type { ExplainedPart, Explanation } from './host/explain.ts';
export type { ItemOutcome } from './outcomes.ts';
export type { Sender, SenderOptions, UnknownClasses } from './sender.ts';
export { type WrapOptions, wrapNonSerializable } from './wrap-non-serializable.ts';
