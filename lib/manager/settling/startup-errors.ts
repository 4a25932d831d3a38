/** The errors of workers that could not start, in words. */
import { InitializerError, WorkerStartupError } from '../../errors.ts';
import { messageOf } from '../../system/thrown.ts';
import { type ExitReport, exitCodeName, indent } from '../../worker-process/exit-report.ts';

const BROKEN = 'the executor can run nothing any more';

export function initializerThrew(cause: unknown): InitializerError {
  return new InitializerError(`The initializer of a worker failed: ${clauseOf(cause)}; ${BROKEN}.`, {
    cause,
  });
}

/** Its message, of which our sentence goes on. */
const clauseOf = (cause: unknown): string => messageOf(cause).replace(/(?<!\.)\.$/, '');

const SHORTAGES = new Set(['EAGAIN', 'EMFILE', 'ENFILE', 'ENOMEM']);

/** Whether the system had no process, thread, descriptor or memory to spare: it may have some later. */
export function isShortage({ startError, stderr }: ExitReport): boolean {
  if (startError !== undefined) return SHORTAGES.has(textOf(startError, 'code'));
  return /pthread_create|uv_thread_create|Resource temporarily unavailable/.test(stderr);
}

/** Code of the user may have thrown it, with a getter that throws in turn. */
function textOf(error: Error, key: 'code' | 'permission'): string {
  try {
    return (error as Error & { [each in typeof key]?: string })[key] ?? '';
  } catch {
    return '';
  }
}

/** Node's own message does not say what is missing. */
function wayOut(error: Error): string {
  const mayNotFork = textOf(error, 'permission') === 'ChildProcess';
  return mayNotFork ? ' (start the program with --allow-child-process)' : '';
}

/** @param consequence What that means for the executor. */
export function diedWhileStarting(
  exit: ExitReport,
  wasInitializing: boolean,
  consequence: string = BROKEN,
): InitializerError | WorkerStartupError {
  if (exit.startError !== undefined) {
    const why = `${clauseOf(exit.startError)}${wayOut(exit.startError)}`;
    return new WorkerStartupError(`A worker process could not be started: ${why}; ${consequence}.`, {
      cause: exit.startError,
    });
  }
  const said = exit.stderr === '' ? '' : `\nIts stderr was:\n${indent(exit.stderr)}`;
  const ended = `ended with {${exitCodeName(exit)}}`;
  return wasInitializing
    ? new InitializerError(`A worker process ${ended} while its initializer ran; ${consequence}.${said}`)
    : new WorkerStartupError(
        `A worker process ${ended} before it was ready for tasks; ${consequence}.${said}`,
      );
}

export function startedTooSlowly(
  startTimeout: number,
  wasInitializing: boolean,
): InitializerError | WorkerStartupError {
  return wasInitializing
    ? new InitializerError(
        `The initializer of a worker did not return within ${startTimeout} ms (startTimeout); ${BROKEN}.`,
      )
    : new WorkerStartupError(
        `A worker process did not start within ${startTimeout} ms (startTimeout); ${BROKEN}.`,
      );
}
