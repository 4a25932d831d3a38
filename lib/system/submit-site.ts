/**
 * Where a task was submitted, for its error's stack. A site costs about as much memory as the task itself, so
 * it is recorded while few tasks wait only; an error of a task without one shows the worker's frames alone.
 */
import { dirname, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ownUrl } from './here.ts';

export interface SubmitSite {
  readonly stack?: string;
}

export const SITES_RECORDED_UP_TO = 1000;
const FRAMES = 5;

/**
 * `undefined` if the program forbids it: `Error` is frozen.
 *
 * @param above The function whose caller is the site.
 */
export function recordSubmitSite(above: (...args: never[]) => unknown): SubmitSite | undefined {
  const site: SubmitSite = {};
  try {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = Math.min(limit, FRAMES);
    try {
      Error.captureStackTrace(site, above);
    } finally {
      Error.stackTraceLimit = limit;
    }
  } catch {
    return undefined;
  }
  return site;
}

/** The frames of a site, one a line, without a headline. With `Error.prepareStackTrace` a stack may be anything. */
function framesOf(site: SubmitSite | undefined): string | undefined {
  const stack: unknown = site?.stack;
  return typeof stack === 'string' ? stack.replace(/^.*\n/, '') : undefined;
}

/** Where this package's own code lies: its frames say nothing to the users of it. */
let ownFolder: string | undefined;

function withoutOwnFrames(stack: string): string {
  ownFolder ??= dirname(fileURLToPath(ownUrl())) + sep;
  const own = ownFolder;
  if (!stack.includes(own)) return stack;
  const isOwn = (line: string): boolean => /^\s+at /.test(line) && line.includes(own);
  return stack
    .split('\n')
    .filter((line) => !isOwn(line))
    .join('\n');
}

/** Lets an error's stack go on where the task was submitted, below the frames of the worker. */
export function withSubmitSite(error: unknown, site: SubmitSite | undefined): unknown {
  try {
    const frames = framesOf(site);
    if (frames !== undefined && isErrorLike(error)) {
      error.stack = `${withoutOwnFrames(error.stack ?? '')}\n    --- submitted from ---\n${frames}`;
    }
  } catch {} // one that is frozen, or cannot be asked, stays as it is; so do all where prepareStackTrace throws
  return error;
}

/** A `stack` that is not its own may be a setter of a class of the program. */
function isErrorLike(error: unknown): error is Error {
  return typeof error === 'object' && error !== null && Object.hasOwn(error, 'stack');
}
