/** How a worker ended, and the message about that. It decides nothing. */
import { constants } from 'node:os';
import * as signals from 'human-signals';
import type { MalformedFrameError } from '../child/protocol.ts';
import { TerminatedWorkerError, type TerminationReason, type TerminationReport } from '../errors.ts';

/** Loaded when it is asked for. */
const later = (): typeof signals => signals;

/** What was seen when a worker process ended. */
export interface ExitReport {
  readonly pid: number | undefined;
  readonly exitCode: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  readonly stderr: string;
  /** The process could not be started at all. */
  readonly startError: Error | undefined;
  readonly malformedFrame: MalformedFrameError | undefined;
  /** The worker closed its end of the channel while it was still running. */
  readonly closedChannel: boolean;
  /** It ended before it had read all that it was sent. */
  readonly leftUnread: boolean;
  /** The kernel ended a process of this cgroup for its memory in the meantime. */
  readonly killedByKernel: boolean;
}

/** Another task of the same worker, and what became of it. */
export interface EndedFor {
  readonly task: string;
  readonly reason: 'cancelled' | 'timed-out';
}

/** What the manager adds: whose end it was, and why it may have ended it. */
export interface TerminationContext {
  readonly rank: number;
  readonly task: string | undefined;
  /** How many more it ran at the same time (`tasksPerWorker`). */
  readonly others?: number;
  /** The pool has ended it on account of one of those. */
  readonly endedFor?: EndedFor | undefined;
  /** The modules that it was loading. */
  readonly loading: string | undefined;
  readonly memory: number | undefined;
  readonly memoryLimit: number | undefined;
  /** What it sent that is not part of the protocol. */
  readonly fault: string | undefined;
  /** Something that a task left behind threw this. */
  readonly uncaught: { readonly error: unknown } | undefined;
}

export function terminationReason(exit: ExitReport, context: TerminationContext): TerminationReason {
  if (context.endedFor !== undefined) return 'shared-worker';
  if (context.memoryLimit !== undefined) return 'memory-limit';
  if (faultOf(exit, context) !== undefined || exit.closedChannel) return 'channel';
  if (context.uncaught !== undefined) return 'uncaught-exception';
  if (/JavaScript heap out of memory|Reached heap limit/.test(exit.stderr)) return 'out-of-memory';
  if (exit.signal === 'SIGKILL' && exit.killedByKernel) return 'out-of-memory';
  return exit.signal === undefined ? 'exit' : 'crash';
}

/** @param poolEnd Why this end is also that of the pool, if it is. */
export function terminatedWorkerError(
  exit: ExitReport,
  context: TerminationContext,
  poolEnd?: string,
): TerminatedWorkerError {
  const reason = terminationReason(exit, context);
  const report: TerminationReport = {
    pid: exit.pid,
    rank: context.rank,
    exitCode: exit.exitCode,
    signal: exit.signal,
    reason,
    memory: context.memory,
    stderr: exit.stderr,
    task: context.task,
  };
  const message = [
    `A worker process managed by the executor was unexpectedly terminated${describeTask(context)}: ` +
      `${describeReason(reason, exit, context)}.`,
    `The exit codes of the workers are {${exitCodeName(exit)}}`,
    ...(poolEnd === undefined ? [] : [poolEnd]),
    ...(exit.stderr === '' ? [] : [`Its last lines on stderr were:\n${indent(exit.stderr)}`]),
  ].join('\n');
  return new TerminatedWorkerError(message, report, context.uncaught && { cause: context.uncaught.error });
}

function faultOf(exit: ExitReport, context: TerminationContext): string | undefined {
  return exit.malformedFrame?.message ?? context.fault;
}

/** loky's notation: `SIGKILL(-9)`, `EXIT(42)`. */
export function exitCodeName({ exitCode, signal }: Pick<ExitReport, 'exitCode' | 'signal'>): string {
  if (signal !== undefined) return `${signal}(-${constants.signals[signal]})`;
  return exitCode === undefined ? 'UNKNOWN' : `EXIT(${exitCode})`;
}

function describeTask({ task, loading, others = 0, endedFor }: TerminationContext): string {
  if (task === undefined) return ' while it was idle';
  const what = loading === undefined ? 'running' : `loading ${loading} for`;
  const sharing = others === 0 || endedFor !== undefined ? '' : describeOthers(others);
  return ` while it was ${what} the task ${JSON.stringify(task)}${sharing}`;
}

function describeOthers(others: number): string {
  const count = others === 1 ? '1 other' : `${others} others`;
  return ` and ${count} that shared it (tasksPerWorker), and it is unknown which of them ended it`;
}

function describeEndedFor({ task, reason }: EndedFor): string {
  const what = reason === 'cancelled' ? 'was cancelled' : 'took longer than its limit';
  return (
    `it was killed because the task ${JSON.stringify(task)}, which it ran at the same time (tasksPerWorker), ${what}. ` +
    'With crashRetries, or retries in withOptions, a task that loses its worker like this is run again'
  );
}

function describeReason(reason: TerminationReason, exit: ExitReport, context: TerminationContext): string {
  switch (reason) {
    case 'shared-worker':
      return describeEndedFor(context.endedFor as EndedFor);
    case 'memory-limit':
      return `it used ${megabytes(context.memory)} with its descendants, more than memory.limit (${megabytes(context.memoryLimit)}), and was killed`;
    case 'channel':
      return faultOf(exit, context) === undefined
        ? 'it closed its channel to the host'
        : `it sent what is not part of the protocol (${faultOf(exit, context)})`;
    case 'uncaught-exception':
      return 'a timer, a listener or a promise that no task waited for threw an exception that was not caught';
    case 'out-of-memory':
      return exit.killedByKernel
        ? `the kernel killed it because the memory of its control group was used up${lastMemory(context)}`
        : `its JavaScript heap was exhausted${lastMemory(context)} (raise it with execArgv: ['--max-old-space-size=…'])`;
    case 'exit':
      return `it called process.exit(${exit.exitCode ?? ''}) or otherwise ended itself`;
    case 'crash':
      return `it was killed by ${exit.signal} (${inWords(exit.signal)})${lastMemory(context)}. ${causeOf(exit.signal)}`;
  }
}

/** What a signal usually means that nothing else explains. */
function causeOf(signal: NodeJS.Signals | undefined): string {
  switch (signal) {
    case 'SIGKILL':
      return 'Another program, or the operating system for lack of memory, killed it';
    case 'SIGTERM':
    case 'SIGINT':
    case 'SIGHUP':
    case 'SIGQUIT':
      return 'The task or another program sent the signal';
    case 'SIGABRT':
      return 'The task called process.abort(), or native code gave up (a failed assertion, no memory)';
    default:
      return 'This could be caused by a segmentation fault in native code or by an excessive memory usage';
  }
}

/** The words that execa uses for signals. Their file may not be readable now: a worker can die of a lack of descriptors. */
function inWords(signal: NodeJS.Signals | undefined): string {
  try {
    const words: Readonly<Record<string, { readonly description: string }>> = later().signalsByName;
    return (signal && words[signal]?.description) ?? 'a signal';
  } catch {
    return 'a signal';
  }
}

function lastMemory({ memory }: TerminationContext): string {
  return memory === undefined ? '' : `; it last used ${megabytes(memory)}`;
}

export function megabytes(bytes: number | undefined): string {
  return bytes === undefined ? 'an unknown amount' : `${Math.round(bytes / 1e6)} MB`;
}

export function indent(text: string): string {
  return text.trimEnd().replace(/^/gm, '    ');
}
