/**
 * The stacks of errors as their host gets them: they name the user's source and show the user's frames alone. Those of the
 * worker's own program, which called the task, and Node's below them, say nothing to the user.
 */
import { withSourcePlaces } from './source-maps.ts';

/** The worker's own file. Read at boot: a task may change the list. */
const [, program] = process.argv;
const cleaned = new WeakSet<object>();

export const cleanStack = (stack: string): string => withSourcePlaces(withoutProgramFrames(stack, program));

/** The stack that the error has now is to stay as it is. */
export const noteCleaned = (error: object): void => void cleaned.add(error);

/** For what a task returns, and for errors whose stack cannot be replaced. */
export const stackOf = (error: object, stack: unknown): unknown =>
  typeof stack === 'string' && !cleaned.has(error) ? cleanStack(stack) : stack;

const isFrame = (line: string): boolean => /^\s+at /.test(line);
const isInternal = (line: string): boolean => /(?:\(|at (?:async )?)node:internal\//.test(line);

/** The names of a program's file in frames. */
const known = new Map<string, readonly string[]>();

/** `program` is the worker's own file, as in `process.argv[1]`. */
export function withoutProgramFrames(stack: string, program: string | undefined): string {
  if (!program) return stack;
  const names = known.get(program) ?? namesOf(program);
  known.set(program, names);
  const isProgram = (line: string): boolean => names.some((name) => line.includes(`${name}:`));
  const lines = stack.split('\n');
  const kept: string[] = [];
  let dropping = false;
  for (const line of lines) {
    if (isFrame(line) && (isProgram(line) || (dropping && isInternal(line)))) {
      dropping = true;
      continue;
    }
    dropping = false;
    kept.push(line);
  }
  // What follows an `await` ends in Node's queue, with no frame of the program.
  const end = kept.findLastIndex((line) => !(isFrame(line) && isInternal(line)));
  kept.length = end + 1;
  // An error of the program itself would have no frames at all: better its own than none.
  return kept.some(isFrame) ? kept.join('\n') : stack;
}

/** An ES module's frames name its URL, others its path; links are followed when a program is loaded. */
function namesOf(program: string): string[] {
  const { pathToFileURL } = process.getBuiltinModule('node:url');
  const names = [program, pathToFileURL(program).href];
  try {
    const real = process.getBuiltinModule('node:fs').realpathSync(program);
    if (real !== program) names.push(real, pathToFileURL(real).href);
  } catch {
    // The file is gone since: its name is still in the frames.
  }
  return names;
}
