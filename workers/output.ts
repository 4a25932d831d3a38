/**
 * What a worker does for its output to be separated by task and not to be lost: it marks where each task begins and ends, and writes
 * to its pipes so that nothing is left in this process when it ends, however it ends.
 */
import { markOf } from '../lib/child/output.ts';
import { natives } from './natives.ts';

type StreamName = 'stdout' | 'stderr';

/** Of Node's own, and not documented; without it the streams work as Node has made them. */
interface WithHandle {
  readonly _handle?: { setBlocking?(blocking: boolean): unknown } | null;
}

/**
 * Makes Node write to a pipe at once and to the end: what is queued is lost when a task ends its process. The stream
 * is not made before it is used: most tasks print nothing.
 */
export function writeToTheEnd(name: StreamName): void {
  const original = Object.getOwnPropertyDescriptor(process, name);
  if (original?.get === undefined || original.configurable !== true) return;
  const { get } = original;
  Object.defineProperty(process, name, {
    ...original,
    get() {
      const stream = get.call(process) as NodeJS.WriteStream;
      Object.defineProperty(process, name, original);
      (stream as WithHandle)._handle?.setBlocking?.(true);
      return stream;
    },
  });
}

/** @returns What is to be called when a task begins, and with `END_OF_TASK` when it has ended. */
export function markOutput(mark: string): (id: number) => void {
  return (id) => {
    const bytes = markOf(mark, id);
    for (const descriptor of [1, 2]) {
      try {
        natives.writeSync(descriptor, bytes);
      } catch {} // closed by a task, or full and not to be waited for: its lines keep the last name
    }
  };
}
