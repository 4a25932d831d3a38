/**
 * A worker's process with all that it starts, from its start to its end: whatever happens to the worker or to this process,
 * nothing of the tree is left soon after. Each step costs as much as that tree is large; what takes a look at all processes
 * of the machine is left to the guardian.
 */
import { setImmediate } from '../system/timers.ts';
import { guardian } from './guardian.ts';
import { killSurvivorsOf, killTree } from './kill.ts';
import type { Mark } from './mark.ts';
import { birthOf, readDescendants } from './processes.ts';

export interface WorkerTree {
  /** Call it when the worker is asked to leave: descendants with a session of their own are known while it lives. */
  leaving(): void;
  /** Ends the worker and all its descendants. Does nothing once its exit was seen. */
  kill(): void;
  /** The exit of the worker was seen: its number may soon belong to another process. */
  exited(): void;
  /** The rest of the tree is ended within a second or two. To be called after `exited`, when its output was read. */
  endRest(): void;
}

const living = new Set<WorkerTree>();

/** The last thing that a host does which ends by itself (process.exit, an uncaught exception). */
function endAll(): void {
  for (const tree of living) tree.kill();
}

/**
 * The guardian comes to know of the worker at the next turn of the event loop: to start it takes as long as to start the
 * worker, which boots in that time. If this process is killed before that, the worker notices, as it has nothing to do yet.
 *
 * @param pid Of a worker that was just started, and leads its process group.
 */
export function watchTree(pid: number, mark: Mark): WorkerTree {
  const isLinux = process.platform === 'linux';
  const descendants = new Map<number, string>();
  const keep = (descendant: number) => {
    const birth = isLinux ? birthOf(descendant) : undefined;
    if (birth !== undefined) descendants.set(descendant, birth);
  };
  const tree: WorkerTree = {
    leaving() {
      if (isLinux) readDescendants(pid)?.forEach(keep);
    },
    kill() {
      if (living.has(tree)) killTree(pid, undefined, keep);
    },
    exited() {
      living.delete(tree);
      if (living.size === 0) process.off('exit', endAll);
    },
    endRest() {
      guardian.guard(pid, mark.value);
      guardian.unguard(pid, descendants);
      if (!isLinux) killSurvivorsOf(pid);
    },
  };
  if (living.size === 0) process.on('exit', endAll);
  living.add(tree);
  setImmediate(() => {
    if (living.has(tree)) guardian.guard(pid, mark.value);
  });
  return tree;
}
