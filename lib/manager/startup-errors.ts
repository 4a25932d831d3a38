/** The messages of errors of workers that could not start. */

import { type ExitReport, exitCodeName, indent } from '../child/exit-report.ts';
import { InitializerError, WorkerStartupError } from '../errors.ts';
import { notNodeMessage } from '../system/node-command.ts';
import { messageOf } from '../system/thrown.ts';
import { textOf } from './recovery.ts';

export const BREAKS = 'the executor is broken';

export function initializerThrew(cause: unknown): InitializerError {
  return new InitializerError(`The initializer of a worker failed: ${clauseOf(cause)}; ${BREAKS}.`, {
    cause,
  });
}

/** @param name The module, as the option `preload` names it. */
export function couldNotPreload(name: string, cause: unknown): WorkerStartupError {
  return new WorkerStartupError(
    `A worker process could not load ${name} (preload): ${clauseOf(cause)}; ${BREAKS}.`,
    { cause },
  );
}

/** Its message, as the start of our sentence. */
const clauseOf = (cause: unknown): string => messageOf(cause).replace(/(?<!\.)\.$/, '');

/** What is no program that may be run. */
const UNUSABLE = new Set(['ENOENT', 'EACCES', 'ENOTDIR', 'EISDIR']);

/** Node's own message does not say what is missing. */
function wayOut(error: Error): string {
  if (textOf(error, 'permission') === 'ChildProcess')
    return ' (start the program with --allow-child-process)';
  const isUnusable = UNUSABLE.has(textOf(error, 'code')) && textOf(error, 'path') !== process.execPath;
  return isUnusable ? ' (execPath must be the path of a Node.js)' : '';
}

/**
 * @param consequence What that means for the executor.
 * @param loading The modules that it was loading.
 */
export function diedWhileStarting(
  exit: ExitReport,
  wasInitializing: boolean,
  consequence: string = BREAKS,
  loading?: string,
): InitializerError | WorkerStartupError {
  if (exit.startError !== undefined) {
    const why = `${clauseOf(exit.startError)}${wayOut(exit.startError)}`;
    return new WorkerStartupError(`A worker process could not be started: ${why}; ${consequence}.`, {
      cause: exit.startError,
    });
  }
  const said = saidBy(exit);
  const at = loading === undefined ? '' : `it was loading ${loading}`;
  const ended = `ended with {${exitCodeName(exit)}}`;
  return wasInitializing
    ? new InitializerError(
        `A worker process ${ended} while its initializer ran${at && ` and ${at}`}; ${consequence}.${said}`,
      )
    : new WorkerStartupError(
        `A worker process ${ended} before it was ready for tasks${at && `: ${at}`}; ${consequence}.${said}`,
      );
}

/** What was started as a worker is another program. */
export function noWorkerStarted(exit: ExitReport, execPath: string): WorkerStartupError {
  return new WorkerStartupError(
    `A worker process could not be started: ${notNodeMessage(execPath)}; ${BREAKS}.${saidBy(exit)}`,
  );
}

function saidBy({ stderr }: ExitReport): string {
  return stderr === '' ? '' : `\nIts stderr was:\n${indent(stderr)}`;
}

export function startedTooSlowly(
  startTimeout: number,
  wasInitializing: boolean,
  loading?: string,
): InitializerError | WorkerStartupError {
  const at = loading === undefined ? '' : `, it was loading ${loading}`;
  return wasInitializing
    ? new InitializerError(
        `The initializer of a worker did not return within ${startTimeout} ms (startTimeout)${at}; ${BREAKS}.`,
      )
    : new WorkerStartupError(
        `A worker process did not start within ${startTimeout} ms (startTimeout)${at}; ${BREAKS}.`,
      );
}
