/** Windows has no process groups and no signals: `taskkill` ends a process with its descendants. */
import treeKill from 'tree-kill';

/** Returns at once. A process that has ended by itself is no error. */
export function killTreeOnWindows(pid: number): void {
  treeKill(pid, 'SIGKILL', () => {});
}
