/**
 * What each future of a pool may become, by what was done to it and to its pool. It submits nothing and ends
 * nothing; it is told.
 */
import { kinds } from './tasks/index.js';

/** A worker that a signal ends while it starts is started again so often in a row. */
const MAX_FAILED_STARTS = 3;

/** All that was done to a pool and may have ended one of its workers, or its futures. */
export function newHistory(options, initializerMode) {
  return {
    options,
    initializerMode,
    brokenBy: undefined,
    deaths: 0,
    losses: 0,
    bootKills: 0,
    killed: false,
    cancelled: false,
    ended: false,
  };
}

export function noteSubmitted(history, { kind, retries }) {
  const { ends = false, losses = 0 } = kinds[kind];
  if (!ends) return;
  history.deaths += 1 + retries;
  history.losses += losses * (1 + retries);
}

/** A worker was ended from outside: the task that it ran is lost, or one that was on its way. */
export function noteKilled(history, { state }) {
  history.deaths += 1;
  history.losses += 1;
  if (state === 'booting' || state === 'initializing') history.bootKills += 1;
}

/** What is wrong with what became of it; `undefined` if nothing is. */
export function faultOf(task, outcome, runs, history) {
  const limit = 1 + task.retries;
  if (runs > limit) return `ran ${runs} times, and may run ${limit} times`;
  if ('value' in outcome && runs === 0) return 'has a value and never ran';
  if (task.cancelledPending && runs > limit - 1) return 'was cancelled before it began, and ran';
  if (task.cancelReturned && outcome.error?.name !== 'CancelledError')
    return `cancel() was true: ${inWords(outcome)}`;
  const allowed =
    kinds[task.kind].allows(task.id)(outcome) ||
    (outcome.error !== undefined && mayFail(task, outcome.error, history));
  return allowed ? undefined : `became ${inWords(outcome)}`;
}

/** What is wrong with the end of a `map`: its values come in order, as far as they come. */
export function faultOfMap({ pool, expected, outcome, timeout }) {
  const { values, error, failed } = outcome;
  const wrong = values.findIndex((value, index) => value !== expected[index]);
  if (wrong >= 0) return `map gave ${values[wrong]} in the place of ${expected[wrong]}`;
  if (!failed) return undefined;
  const task = { timeout, cancelReturned: false, aborted: false };
  return mayFail(task, error, pool.history) ? undefined : `map became ${inWords({ error })}`;
}

function mayFail(task, error, history) {
  switch (error?.name) {
    case 'CancelledError':
      return task.cancelReturned || task.aborted || history.cancelled;
    case 'ShutdownExecutorError': // a map goes on submitting while it is read
      return history.killed || (task.kind === undefined && history.ended);
    case 'TimeoutError':
      return task.timeout !== undefined;
    case 'QueueFullError':
      return task.kind === undefined && history.options.maxPending !== undefined;
    case 'TerminatedWorkerError':
      if (error === history.brokenBy) return true;
      if (history.options.onWorkerCrash === 'break') return false;
      history.losses -= 1;
      return history.losses >= 0;
    default:
      return error !== undefined && error === history.brokenBy;
  }
}

/** What is wrong with a pool that is, or is not, broken. */
export function faultOfPool({ brokenBy, deaths, bootKills, options, initializerMode }) {
  if (brokenBy === undefined) return undefined;
  if (options.onWorkerCrash === 'break' && deaths > 0) return undefined;
  const { restartIntensity } = options;
  if (restartIntensity !== undefined && deaths > restartIntensity.max) return undefined;
  const couldNotStart = brokenBy.name === 'WorkerStartupError' || brokenBy.name === 'InitializerError';
  if (couldNotStart && (bootKills >= MAX_FAILED_STARTS || mayFailToStart(initializerMode))) return undefined;
  return `the pool broke without a reason: ${brokenBy.stack}`;
}

const mayFailToStart = (initializerMode) => initializerMode !== undefined && initializerMode !== 'works';

function inWords(outcome) {
  if ('value' in outcome) return `the value ${String(outcome.value).slice(0, 100)}`;
  return `the error ${outcome.error?.stack ?? String(outcome.error)}`;
}
