/**
 * The last thing a host does when it ends by itself (process.exit, an uncaught exception): it ends its workers'
 * trees. For every other way to end there is the guardian.
 */
import { killTree } from '../watchdog/kill-tree.ts';

const living = new Set<number>();

function endAll(): void {
  for (const pid of living) killTree(pid);
}

export function remember(pid: number): void {
  if (living.size === 0) process.on('exit', endAll);
  living.add(pid);
}

export function forget(pid: number): void {
  living.delete(pid);
  if (living.size === 0) process.off('exit', endAll);
}
