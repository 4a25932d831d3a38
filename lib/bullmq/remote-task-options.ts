/** What `withOptions` of an executor over a queue takes, on top of what its view has. */

import { taskChecks } from '../options/task-options.ts';
import * as check from '../system/check.ts';
import { checkJobId } from './job-id.ts';
import type { RemoteTaskOptions } from './remote-executor.ts';
import type { RemoteTaskSettings } from './remote-task.ts';

const checks: Readonly<Record<keyof RemoteTaskOptions, check.Check>> = {
  ...taskChecks,
  jobId: checkJobId,
  queueTimeout: check.timeLimit,
  onOutput: check.callable,
};

/** @throws TypeError, RangeError */
export function withRemoteOptions(
  settings: RemoteTaskSettings,
  given: RemoteTaskOptions,
): RemoteTaskSettings {
  const options: RemoteTaskOptions = check.checkOptions(given, checks, 'withOptions');
  if (options.retries === Number.POSITIVE_INFINITY) {
    throw new RangeError('retries must be a whole number, 0 or more, got Infinity: BullMQ counts attempts');
  }
  if (options.killGrace !== undefined) {
    throw new TypeError(
      'killGrace is an option of the executor that serves the tasks, not of one that submits them',
    );
  }
  return {
    timeout: options.timeout ?? settings.timeout,
    queueTimeout: options.queueTimeout ?? settings.queueTimeout,
    signal: options.signal ?? settings.signal,
    retries: options.retries ?? settings.retries,
    priority: options.priority ?? settings.priority,
    name: options.name ?? settings.name,
    jobId: options.jobId ?? settings.jobId,
    onOutput: options.onOutput ?? settings.onOutput,
  };
}
