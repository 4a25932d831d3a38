/** The public face of the package. */

import { onNewExecutor } from './executor/living.ts';
import { startViewOfProcess } from './view/start-by-environment.ts';

export type { StdioMode } from './child/output.ts';
export type { LeakFigures } from './child/protocol.ts';
export * from './errors.ts';
export type { Executor, Inputs, ResultIterator } from './executor/executor.ts';
export type { ModuleMethods } from './executor/module-methods.ts';
export { ProcessPoolExecutor } from './executor/process-pool-executor.ts';
export {
  getReusableExecutor,
  type ReusableExecutor,
  type ReusableExecutorOptions,
} from './executor/reusable-executor.ts';
export type { ExecutorStats, Percentiles, WorkerShortage, WorkerStats } from './executor/stats.ts';
export {
  type AsCompletedOptions,
  asCompleted,
  type FutureIterator,
  type YieldedFuture,
} from './futures/as-completed.ts';
export { Future, type FutureState } from './futures/future.ts';
export {
  ALL_COMPLETED,
  FIRST_COMPLETED,
  FIRST_EXCEPTION,
  type ReturnWhen,
  type WaitForAllOptions,
  type WaitResult,
  wait,
} from './futures/wait.ts';
export type { WaitOptions } from './futures/wait-for.ts';
export type { WorkerState } from './manager/worker.ts';
export type { DiagnosticsMessages } from './observing/channels.ts';
export type {
  ExecutorEvents,
  OutputEvent,
  RecycleReason,
  TaskEvent,
  TaskOutcome,
  TaskQueuedEvent,
  TaskSettledEvent,
  TaskStartedEvent,
  WorkerEndReason,
  WorkerEvent,
  WorkerExitedEvent,
  WorkerExitReason,
  WorkerRecycledEvent,
  WorkerShortageEvent,
  WorkerStartedEvent,
  WorkerStartReason,
} from './observing/events.ts';
export { type EventLog, type EventLogger, logEvents } from './observing/log-events.ts';
export type { ObservedExecutor } from './observing/observed-executor.ts';
export {
  type TraceEvent,
  type TraceTimeline,
  type TraceTimelineOptions,
  traceTimeline,
} from './observing/trace-timeline.ts';
export type { ExecutorOptions } from './options/executor-options.ts';
export type {
  KnownMapOptions,
  MapOptions,
  MapResult,
  PrewarmOptions,
  SettledMapOptions,
  ShutdownOptions,
  TaskOptions,
} from './options/task-options.ts';
export { type Reducer, type Reducers, register } from './sending/common/reducers.ts';
export { getLokySerializer, type SerializerName, setLokySerializer } from './sending/common/serializer.ts';
export type { Shared } from './sending/common/shared.ts';
export { explain, type WrapOptions, wrapNonSerializable } from './sending/for-programs.ts';
export { registerByValue } from './sending/host/by-value.ts';
export type { ExplainedPart, Explanation } from './sending/host/explain.ts';
export type { UnknownClasses } from './sending/sender.ts';
export { type CpuCountOptions, cpuCount } from './system/cpu-count.ts';
export {
  getContext,
  getStartMethod,
  type StartMethod,
  setStartMethod,
  type WorkerContext,
} from './system/start-method.ts';
export {
  reportProgress,
  taskMessages,
  taskSignal,
  type WorkerInfo,
  workerInfo,
} from './system/worker-link.ts';
export type { ResourceKind } from './watchdog/resource-orders.ts';
export { type ResourceTracker, resourceTracker } from './watchdog/resource-tracker.ts';

// Here, as lib/view stands on lib/executor.
onNewExecutor(startViewOfProcess);
