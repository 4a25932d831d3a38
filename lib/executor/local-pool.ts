/** The pool of this machine, as `submit` and `map` see it: a manager, and how calls become its tasks. */
import type { Manager } from '../manager/manager.ts';
import type { TaskRequest, TaskSettings } from '../manager/tasks/task.ts';
import type { Sender } from '../sending/index.ts';
import type { Pool } from './pool-view.ts';

export interface LocalPool extends Pool<TaskSettings, TaskRequest> {
  readonly manager: Manager;
}

export function localPool(manager: Manager, sender: Sender): LocalPool {
  return {
    manager,
    get asyncBuffer() {
      return 2 * manager.maxWorkers;
    },
    prepare(fn, args, { settings, submitSite, isChunk }) {
      if (!settings.signal?.aborted) manager.expectTask();
      const itemCount = args.length;
      return { call: sender.prepareCall(fn, args), settings, submitSite, isChunk, itemCount };
    },
  };
}
