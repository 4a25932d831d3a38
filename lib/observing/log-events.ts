/** Writes what goes wrong in an executor to a logger of the user's. What the lines say is in log-lines.ts. */
import { describe } from '../system/check.ts';
import * as lines from './log-lines.ts';
import { assertExecutor, type ObservedExecutor } from './observed-executor.ts';

/** Loaded when it is asked for. */
const later = (): typeof lines => lines;

/** What `logEvents` writes to: pino, a child of one, `console`, and what else takes fields and a message. */
export interface EventLogger {
  info(fields: object, message: string): unknown;
  warn(fields: object, message: string): unknown;
  error(fields: object, message: string): unknown;
}

/** What `logEvents` gives. */
export interface EventLog extends Disposable {
  /** Stops listening. */
  stop(): void;
}

const LEVELS = ['info', 'warn', 'error'] as const;

/**
 * Writes one line for each crash, kill, timeout and recycling of a worker, for each shortage of workers, when the pool
 * breaks, and for each `LokyWarning`. Workers that are ended at a shutdown make none. Fields: `event`, `executorId`, and what is known of `pid`, `rank`, `task`,
 * `reason`, `exitCode`, `signal`, `memory` (bytes), `stderr`, and `err`, the error. Nothing is done for each task.
 *
 * Warnings belong to no executor: a logger gets each once, for however many executors it is used.
 *
 * @throws TypeError for what is no executor (a view has no events), or a logger without `info`, `warn` and `error`.
 */
export function logEvents(executor: ObservedExecutor, logger: EventLogger): EventLog {
  assertExecutor(executor, 'logEvents');
  for (const level of LEVELS) {
    if (typeof (logger as Partial<EventLogger> | null | undefined)?.[level] === 'function') continue;
    const got = typeof logger === 'object' && logger !== null ? `one without ${level}` : describe(logger);
    throw new TypeError(`logEvents expects a logger with info, warn and error, got ${got}`);
  }
  const stop = later().writeLines(executor, logger);
  return { stop, [Symbol.dispose]: stop };
}
