/**
 * Where a task was submitted, for its error's stack. A site costs about as much memory as the task itself, so
 * it is recorded while few tasks wait only; an error of a task without one shows the worker's frames alone.
 */

export interface SubmitSite {
  readonly stack?: string;
}

export const SITES_RECORDED_UP_TO = 1000;
const FRAMES = 5;

/** @param above The function whose caller is the site. */
export function recordSubmitSite(above: (...args: never[]) => unknown): SubmitSite {
  const site: SubmitSite = {};
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = Math.min(limit, FRAMES);
  Error.captureStackTrace(site, above);
  Error.stackTraceLimit = limit;
  return site;
}

/** The frames of a site, one a line, without a headline. */
function framesOf(site: SubmitSite | undefined): string | undefined {
  return site?.stack?.replace(/^.*\n/, '');
}

/** Lets an error's stack go on where the task was submitted, below the frames of the worker. */
export function withSubmitSite(error: unknown, site: SubmitSite | undefined): unknown {
  const frames = framesOf(site);
  if (frames === undefined || !isErrorLike(error)) return error;
  try {
    error.stack = `${error.stack ?? ''}\n    --- submitted from ---\n${frames}`;
  } catch {} // a frozen error keeps the stack it has
  return error;
}

function isErrorLike(error: unknown): error is Error {
  return typeof error === 'object' && error !== null && 'stack' in error;
}
