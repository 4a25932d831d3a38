/**
 * All that is needed for what is more than a function by reference with plain data: functions by value, instances, errors,
 * identity and cycles. It is large: see rich.ts.
 */

export { builtinNameOf } from '../graph/builtins.ts';
export { commonRow } from '../graph/naming.ts';
export { GraphReader } from '../graph/reader.ts';
export { GraphWriter } from '../graph/writer.ts';
export { callError, explain, warnOfLargeCapture } from './explain.ts';
export { isBuiltinParent } from './function-rows.ts';
export { HostPolicy } from './policy.ts';
export { HostResolver } from './resolver.ts';
export { reducingSettings } from './settings.ts';
export { share } from './shares.ts';
export { blindPlan } from './without-inspector.ts';
export { writeGraph } from './write-graph.ts';
