/** Stacks of errors that come from a worker: the frames of the worker, then where the task was submitted. */

const SEPARATOR = '    at ⟨submitted from⟩';

/**
 * Makes an error's stack show the worker's frames and then those of `submitSite`, the stack of an error that was made
 * when the task was submitted. Does nothing for what is no error or has no stack of its own.
 */
export function joinStacks(error: unknown, submitSite: string | undefined): void {
  if (submitSite === undefined || typeof error !== 'object' || error === null) return;
  const descriptor = Object.getOwnPropertyDescriptor(error, 'stack');
  if (typeof descriptor?.value !== 'string' || descriptor.value.includes(SEPARATOR)) return;
  const frames = framesOf(submitSite);
  if (frames === '') return;
  try {
    const value = `${descriptor.value}\n${SEPARATOR}\n${frames}`;
    Object.defineProperty(error, 'stack', { value, enumerable: false, writable: true, configurable: true });
  } catch {
    // Somebody froze the error: it keeps the stack that it has.
  }
}

/** The lines that begin with `at`: a message may have several lines, and there may be none. */
function framesOf(stack: string): string {
  const lines = stack.split('\n');
  const first = lines.findIndex((line) => /^\s+at /.test(line));
  return first === -1 ? '' : lines.slice(first).join('\n');
}
