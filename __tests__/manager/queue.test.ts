/** The queue of tasks that wait: order, priorities, cancelled ones; and the ring under it. */
import { describe, expect, test } from '@jest/globals';
import { PendingQueue } from '../../lib/manager/queue.ts';
import type { Task } from '../../lib/manager/task.ts';
import { Ring } from '../../lib/system/ring.ts';

interface Waiting {
  readonly name: number;
  state: 'pending' | 'settled';
  readonly settings: { readonly priority: number };
}
const waiting = (name: number, priority = 0): Task & Waiting =>
  ({ name, state: 'pending', settings: { priority } }) as unknown as Task & Waiting;
const namesOf = (tasks: readonly Task[]) => tasks.map((task) => (task as unknown as Waiting).name);

function cancel(queue: PendingQueue, task: Task): void {
  queue.noteCancelled(task);
  (task as unknown as Waiting).state = 'settled';
}

describe('a ring', () => {
  test('gives back what went in, first in, first out, through growing, shrinking and wrapping', () => {
    const ring = new Ring<number>();
    const model: (number | undefined)[] = [];
    let [seed, next] = [1, 0];
    for (let step = 0; step < 50_000; step += 1) {
      seed = (seed * 48_271) % 2_147_483_647;
      const grows = step % 10_000 < 5000 ? seed % 3 > 0 : seed % 3 === 0;
      if (!grows) expect(ring.shift()).toBe(model.shift());
      else if (seed % 7 === 0) {
        ring.unshift(next);
        model.unshift(next);
      } else {
        ring.push(next);
        model.push(next);
      }
      next += 1;
    }
    expect(ring.length).toBe(model.length);
    while (model.length > 0) expect(ring.shift()).toBe(model.shift());
    expect([ring.shift(), ring.length]).toEqual([undefined, 0]);
  });

  test('keeps what a filter says, in order', () => {
    const ring = new Ring<number>();
    for (let i = 0; i < 100; i += 1) ring.push(i);
    ring.filter((i) => i % 10 === 3);
    expect(Array.from({ length: ring.length }, () => ring.shift())).toEqual([
      3, 13, 23, 33, 43, 53, 63, 73, 83, 93,
    ]);
  });
});

describe('the pending queue', () => {
  test('gives tasks in the order of their submit', () => {
    const queue = new PendingQueue();
    for (const name of [1, 2, 3]) queue.add(waiting(name));
    expect([namesOf(queue.takeAll()), queue.length]).toEqual([[1, 2, 3], 0]);
  });

  test('gives higher priorities first', () => {
    const queue = new PendingQueue();
    for (const [name, priority] of [
      [1, 0],
      [2, 5],
      [3, -1],
      [4, 5],
      [5, 0.5],
    ] as const)
      queue.add(waiting(name, priority));
    expect(namesOf(queue.takeAll())).toEqual([2, 4, 5, 1, 3]);
  });

  test('gives a task that is put back before the others of its priority', () => {
    const queue = new PendingQueue();
    queue.add(waiting(1));
    queue.add(waiting(2, 1));
    queue.addFirst(waiting(3));
    expect(namesOf(queue.takeAll())).toEqual([2, 3, 1]);
  });

  test('never gives a cancelled task, and counts those that are left', () => {
    const queue = new PendingQueue();
    const tasks = Array.from({ length: 1000 }, (_, name) => waiting(name, name % 3));
    for (const task of tasks) queue.add(task);
    for (const task of tasks) if (task.name % 2 === 0) cancel(queue, task);
    expect(queue.length).toBe(500);
    const left = namesOf(queue.takeAll());
    expect([left.length, left.every((name) => name % 2 === 1), queue.length]).toEqual([500, true, 0]);
  });

  test('is empty when all are cancelled', () => {
    const queue = new PendingQueue();
    const tasks = [1, 2, 3].map((name) => waiting(name));
    for (const task of tasks) queue.add(task);
    for (const task of tasks) cancel(queue, task);
    expect([queue.length, queue.take()]).toEqual([0, undefined]);
    queue.add(waiting(4));
    expect(namesOf(queue.takeAll())).toEqual([4]);
  });
});
