/**
 * What submitters and machines need and modules of tasks do not: worker processes import such a module, and with it the entry
 * point, in every worker.
 */
import { onNewExecutor } from '../executor/living.ts';
import { startViewOfProcess } from '../view/start-by-environment.ts';

export { observeQueue } from './observe-queue.ts';
export { processor } from './processor.ts';
export { createRemoteView } from './remote-view.ts';
export { serveTasks } from './serve-tasks.ts';

// A machine that serves a queue may import nothing but `loky/bullmq`.
onNewExecutor(startViewOfProcess);
