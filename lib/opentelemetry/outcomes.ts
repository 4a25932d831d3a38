/** What spans say of the outcome of a task: names are those of the semantic conventions where these have one. */
import { type Attributes, diag } from '@opentelemetry/api';
import type { TerminatedWorkerError } from '../errors.ts';
import type { TaskOutcome, WorkerExitedEvent } from '../observing/events.ts';
import { isError, messageOf } from '../system/thrown.ts';

/** An error that a span processor of the user throws goes to the log of OpenTelemetry: the program and its pools continue. */
export function reportFault(error: unknown): void {
  diag.error('loky: a span could not be made or ended', error);
}

/** A task that was cancelled did what was asked of it. */
export const isFault = (outcome: TaskOutcome): boolean => outcome !== 'succeeded' && outcome !== 'cancelled';

/** A copy that is only text: errors come from tasks, and may have accessors that throw. */
export function exceptionOf(error: unknown): { name: string; message: string; stack: string } {
  const message = messageOf(error);
  try {
    if (isError(error)) return { name: String(error.name), message, stack: String(error.stack ?? message) };
  } catch {}
  return { name: '_OTHER', message, stack: message };
}

export function exitAttributes({ reason, exitCode, signal, error }: WorkerExitedEvent): Attributes {
  const memory = (error as Partial<TerminatedWorkerError> | undefined)?.memory;
  return {
    'loky.worker.exit.reason': reason,
    ...(exitCode !== undefined && { 'process.exit.code': exitCode }),
    ...(signal !== undefined && { 'loky.worker.exit.signal': signal }),
    ...(memory !== undefined && { 'loky.worker.memory': memory }),
  };
}
