/**
 * What each future of a pool may become, by what was done to it and to its pool. It submits nothing and ends
 * nothing; it is told.
 */
import { kinds } from './tasks.js';

/** All that was done to a pool and may have ended one of its workers, or its futures. */
export function newHistory(options) {
  return {
    options,
    brokenBy: undefined,
    deaths: 0,
    losses: 0,
    bootKills: 0,
    killed: false,
    cancelled: false,
  };
}

export function noteSubmitted(history, { kind }) {
  const { ends = false, losses = 0 } = kinds[kind];
  if (!ends) return;
  const runs = 1 + retriesOf(history);
  history.deaths += runs;
  history.losses += losses * runs;
}

/** A worker was ended from outside: the task that it ran is lost, or one that was on its way. */
export function noteKilled(history, { state }) {
  history.deaths += 1;
  history.losses += 1;
  if (state === 'booting' || state === 'initializing') history.bootKills += 1;
}

const retriesOf = ({ options }) => (options.onWorkerCrash === 'isolate' ? options.crashRetries : 0);

/** What is wrong with what became of it; `undefined` if nothing is. */
export function faultOf(task, outcome, runs, history) {
  const limit = 1 + retriesOf(history);
  if (runs > limit) return `ran ${runs} times, and may run ${limit} times`;
  if ('value' in outcome && runs === 0) return 'has a value and never ran';
  if (task.cancelledPending && runs > limit - 1) return 'was cancelled before it began, and ran';
  if (task.cancelReturned && outcome.error?.name !== 'CancelledError')
    return `cancel() was true: ${inWords(outcome)}`;
  return isAllowed(task, outcome, history) ? undefined : `became ${inWords(outcome)}`;
}

function isAllowed(task, outcome, history) {
  if (kinds[task.kind].allows(task.id)(outcome)) return true;
  const { error } = outcome;
  if (error === undefined) return false;
  switch (error.name) {
    case 'CancelledError':
      return task.cancelReturned || task.aborted || history.cancelled;
    case 'ShutdownExecutorError':
      return history.killed;
    case 'TimeoutError':
      return task.timeout !== undefined;
    case 'TerminatedWorkerError':
      if (error === history.brokenBy) return true;
      if (history.options.onWorkerCrash === 'break') return false;
      history.losses -= 1;
      return history.losses >= 0;
    default:
      return error === history.brokenBy;
  }
}

/** What is wrong with a pool that is, or is not, broken. */
export function faultOfPool({ brokenBy, deaths, bootKills, options }) {
  if (brokenBy === undefined) return undefined;
  if (options.onWorkerCrash === 'break' && deaths > 0) return undefined;
  if (brokenBy.name === 'WorkerStartupError' && bootKills >= 3) return undefined;
  return `the pool broke without a reason: ${brokenBy.stack}`;
}

function inWords(outcome) {
  if ('value' in outcome) return `the value ${String(outcome.value).slice(0, 100)}`;
  return `the error ${outcome.error?.stack ?? String(outcome.error)}`;
}
