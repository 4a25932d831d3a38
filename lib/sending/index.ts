/** The two ends of sending: the host prepares calls and reads answers, the worker does the reverse. */
export { registerByValue } from './functions/by-value.ts';
export { type ExplainedPart, type Explanation, explain } from './host/explain.ts';
export type { ItemOutcome } from './outcomes.ts';
export type { Definition, InlineBody, Payload, PreparedCall, ReceivedCall } from './payload.ts';
export { createReceiver, type Receiver } from './receiver.ts';
export { type Reducer, type Reducers, register } from './reducers.ts';
export { createSender, type Sender, type SenderOptions, type UnknownClasses } from './sender.ts';
export { getLokySerializer, type SerializerName, setLokySerializer } from './serializer.ts';
export { type WrapOptions, wrapNonSerializable } from './wrap.ts';
