/**
 * All that is needed for what is more than a function by reference with plain data: functions by value, instances, errors,
 * identity and cycles. It is large: see later.ts.
 */
export { callError } from './call-errors.ts';
export { HostPolicy } from './functions/policy.ts';
export { isBuiltinParent } from './functions/rows.ts';
export { writeWhole } from './functions/whole-message.ts';
export { blindPlan } from './functions/without-inspector.ts';
export { builtinNameOf } from './graph/builtins.ts';
export { commonRow } from './graph/naming.ts';
export { GraphReader } from './graph/reader.ts';
export { GraphWriter } from './graph/writer.ts';
export { explain, warnOfLargeCapture } from './host/explain.ts';
export { HostResolver } from './host/resolver.ts';
export { reducingSettings } from './host/settings.ts';
export { share } from './shares.ts';
