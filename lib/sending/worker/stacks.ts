/** The stacks of errors as their host gets them: without the frames of the worker's own program. */
import { withSourcePlaces } from './source-maps.ts';
import { withoutProgramFrames } from './stack-frames.ts';

/** The worker's own file. Read at boot: a task may change the list. */
const [, program] = process.argv;
const cleaned = new WeakSet<object>();

export const cleanStack = (stack: string): string => withSourcePlaces(withoutProgramFrames(stack, program));

/** The stack that the error has now is to stay as it is. */
export const noteCleaned = (error: object): void => void cleaned.add(error);

/** For what a task returns, and for errors whose stack cannot be replaced. */
export const stackOf = (error: object, stack: unknown): unknown =>
  typeof stack === 'string' && !cleaned.has(error) ? cleanStack(stack) : stack;
