/** What `NODE_DEBUG=loky` prints: one line on stderr for whatever becomes of a worker or a task. */
import { debuglog } from 'node:util';

const log = debuglog('loky');

/** Whether anything is printed: lines are made only then. */
export const isDebugging: boolean = log.enabled;

export function debug(executorId: number, line: string): void {
  log('executor %d: %s', executorId, line);
}

/** `worker 0 (pid 123)` */
export function workerName({ pid, rank }: { pid: number | undefined; rank: number }): string {
  return `worker ${rank} (${pid === undefined ? 'no process' : `pid ${pid}`})`;
}

/** `task 3 "resize"` */
export function taskName({ id, name }: { id: number; name: string }): string {
  return `task ${id} ${JSON.stringify(name)}`;
}

export function inMilliseconds(duration: number | undefined): string {
  return duration === undefined ? '' : `${Math.round(duration * 10) / 10} ms`;
}
