/** The tasks that wait: higher priorities first, in the order of their submit within one. */
import { Ring } from '../system/ring.ts';
import type { Task } from './task.ts';

export class PendingQueue {
  /** By falling priority; almost always there is one. */
  #lanes: { readonly priority: number; readonly tasks: Ring<Task> }[] = [];
  /** Tasks that wait, without the cancelled ones. */
  length = 0;
  #cancelled = 0;

  add(task: Task): void {
    this.#lane(task.settings.priority).push(task);
    this.length += 1;
  }

  /** For a task that had been sent: it is to start again, or was revoked before it started. */
  addFirst(task: Task): void {
    this.#lane(task.settings.priority).unshift(task);
    this.length += 1;
  }

  /** The next one in turn, which leaves the queue. */
  take(): Task | undefined {
    const task = this.peek();
    if (task === undefined) return undefined;
    this.length -= 1;
    return this.#lane(task.settings.priority).shift();
  }

  /** The next one in turn, which stays. */
  peek(): Task | undefined {
    for (const { tasks } of this.#lanes) {
      for (let task = tasks.first(); task !== undefined; task = tasks.first()) {
        if (task.state === 'pending') return task;
        tasks.shift();
        this.#cancelled -= 1;
      }
    }
    return undefined;
  }

  /** To be called when a waiting task is cancelled: its place is cleared when that is cheap. */
  noteCancelled(cancelled: Task): void {
    this.length -= 1;
    this.#cancelled += 1;
    if (this.#cancelled < 64 || this.#cancelled < this.length) return;
    this.#cancelled = 0;
    for (const { tasks } of this.#lanes)
      tasks.filter((task) => task.state === 'pending' && task !== cancelled);
  }

  takeAll(): Task[] {
    const all: Task[] = [];
    for (let task = this.take(); task !== undefined; task = this.take()) all.push(task);
    return all;
  }

  #lane(priority: number): Ring<Task> {
    const found = this.#lanes.find((lane) => lane.priority === priority);
    if (found !== undefined) return found.tasks;
    const lane = { priority, tasks: new Ring<Task>() };
    this.#lanes = [...this.#lanes.filter(({ tasks }) => tasks.length > 0), lane].sort(
      (a, b) => b.priority - a.priority,
    );
    return lane.tasks;
  }
}
