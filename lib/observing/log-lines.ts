/** The lines of `logEvents`: which events cause a line, its level, and its text. */
import type { TerminationReport } from '../errors.ts';
import type {
  ExecutorEvents,
  WorkerExitedEvent,
  WorkerExitReason,
  WorkerRecycledEvent,
  WorkerShortageEvent,
} from './events.ts';
import type { EventLogger } from './log-events.ts';
import { listenTo, type ObservedExecutor } from './observed-executor.ts';

interface LogLine {
  readonly level: keyof EventLogger;
  readonly fields: object;
  readonly message: string;
}

type Lines = { [K in keyof ExecutorEvents]?: (event: ExecutorEvents[K][0]) => LogLine | undefined };

/** @returns Stops it. */
export function writeLines(executor: ObservedExecutor, logger: EventLogger): () => void {
  const { executorId } = executor;
  const lines: Lines = {
    workerExited: exitLine,
    workerRecycled: recycledLine,
    workerShortage: shortageLine,
    broken: (err) =>
      lineOf('error', 'broken', { executorId, err }, 'the pool is broken: it runs no more tasks'),
  };
  const listeners = Object.entries(lines).map(([name, make]) => [
    name,
    (event: unknown) => write(logger, make(event as never)),
  ]);
  logWarnings(logger);
  return listenTo(executor, Object.fromEntries(listeners), () => stopWarnings(logger));
}

function lineOf(level: LogLine['level'], event: string, fields: object, message: string): LogLine {
  return { level, fields: { event, ...fields }, message };
}

function write(logger: EventLogger, line: LogLine | undefined): void {
  if (line !== undefined) logger[line.level](line.fields, line.message);
}

// Workers

/** At a shutdown, which the program has asked for, workers that are starting are killed as well. */
const KILLED = new Set<WorkerExitReason>(['cancelled', 'start-timeout', 'broken']);

/** `undefined` for a worker that ended as it should. */
function exitLine(event: WorkerExitedEvent): LogLine | undefined {
  const { executorId, pid, rank, reason, exitCode, signal, task, error } = event;
  const fields = { executorId, pid, rank, task, reason, exitCode, signal };
  const worker = `worker ${rank} (pid ${pid})`;
  const running = task === undefined ? '' : ` while it ran ${JSON.stringify(task)}`;
  if (error !== undefined) {
    const { memory, stderr } = error as Partial<TerminationReport>;
    const all = { ...fields, memory, stderr, err: error };
    return lineOf('error', 'workerCrashed', all, `${worker} ended unexpectedly${running}: ${reason}`);
  }
  if (reason === 'timed-out') {
    const message = `the task ${JSON.stringify(task)} took too long: ${worker} was killed`;
    return lineOf('warn', 'taskTimedOut', fields, message);
  }
  if (!KILLED.has(reason)) return undefined;
  return lineOf('warn', 'workerKilled', fields, `${worker} was killed${running}: ${reason}`);
}

function recycledLine(event: WorkerRecycledEvent): LogLine {
  const { executorId, pid, rank, reason, memory, tasksDone } = event;
  const fields = { executorId, pid, rank, reason, memory, tasksDone };
  const message = `worker ${rank} (pid ${pid}) is replaced after ${tasksDone} tasks: ${reason}`;
  return lineOf(reason === 'max-tasks' ? 'info' : 'warn', 'workerRecycled', fields, message);
}

function shortageLine({ executorId, error, failures, pause }: WorkerShortageEvent): LogLine {
  const fields = { executorId, failures, pause, err: error };
  return lineOf('warn', 'workerShortage', fields, `no worker can be started for ${pause} ms`);
}

// Warnings of the package, which are those of the process

interface WarningLog {
  users: number;
  readonly listener: (warning: Error) => void;
}

const warningLogs = new Map<EventLogger, WarningLog>();

function logWarnings(logger: EventLogger): void {
  let log = warningLogs.get(logger);
  if (log === undefined) {
    log = { users: 0, listener: (warning) => writeWarning(logger, warning) };
    warningLogs.set(logger, log);
    process.on('warning', log.listener);
  }
  log.users += 1;
}

function stopWarnings(logger: EventLogger): void {
  const log = warningLogs.get(logger) as WarningLog;
  log.users -= 1;
  if (log.users > 0) return;
  warningLogs.delete(logger);
  process.off('warning', log.listener);
}

/** What the logger throws here would end the program; from the other lines it becomes a warning, which comes here again. */
function writeWarning(logger: EventLogger, warning: Error & { readonly code?: string }): void {
  if (warning.name !== 'LokyWarning') return;
  try {
    logger.warn({ event: 'warning', code: warning.code }, warning.message);
  } catch {}
}
