/**
 * What submitters and machines need and modules of tasks do not: worker processes import such a module, and with it the entry
 * point, in every worker.
 */

export { observeQueue } from './observe-queue.ts';
export { processor } from './processor.ts';
export { createRemoteView } from './remote-view.ts';
export { serveTasks } from './serve-tasks.ts';
