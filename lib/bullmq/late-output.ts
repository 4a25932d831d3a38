/** Settled tasks whose output may still be on its way: on a machine, output takes another path than outcomes. */
import { clearTimeout, setTimeout } from '../system/timers.ts';
import type { RemoteTask } from './remote-task.ts';

/** Milliseconds for which output is listened to after the outcome. */
const LATE = 1_000;

export class LateOutput {
  readonly #tasks = new Map<string, { readonly task: RemoteTask; readonly timer: NodeJS.Timeout }>();
  readonly #onOver: (task: RemoteTask) => void;

  /** @param onOver Called when a task is listened to no more. */
  constructor(onOver: (task: RemoteTask) => void) {
    this.#onOver = onOver;
  }

  await(task: RemoteTask): void {
    const timer = setTimeout(() => {
      this.#tasks.delete(task.key);
      this.#onOver(task);
    }, LATE).unref();
    this.#tasks.set(task.key, { task, timer });
  }

  taskOf(key: string): RemoteTask | undefined {
    return this.#tasks.get(key)?.task;
  }

  close(): void {
    for (const { timer } of this.#tasks.values()) clearTimeout(timer);
    this.#tasks.clear();
  }
}
