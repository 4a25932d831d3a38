/**
 * Which waiting task goes to which worker, and when. An idle worker comes first and begins at once. Behind a
 * worker that is busy with short tasks a few more are sent ahead; those that it has not begun can be taken back
 * at any time (see child/claims.ts), and are as soon as it turns out to be slow.
 */

import type { Payload } from '../../sending/index.ts';
import { BusyPoll, WARM_AFTER } from '../../system/busy-poll.ts';
import { cpuCount } from '../../system/cpu-count.ts';
import { inRootContext } from '../../system/root-context.ts';
import { clearInterval, queueMicrotask, setImmediate, setInterval } from '../../system/timers.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { PoolWorker } from '../fleet/pool-worker.ts';
import type { Task } from '../tasks/task.ts';
import { PendingQueue } from './pending-queue.ts';
import { RunTimes } from './run-times.ts';

export interface DispatcherListener {
  onSent(worker: PoolWorker, task: Task): void;
  /** It cannot be encoded after all. */
  onUnsendable(task: Task, error: unknown): void;
}

/** How long a worker may be at one task before those behind it are taken back, in milliseconds. */
const PATIENCE = 2;

let counted: number | undefined;

/** With fewer tasks out there is a core for this process. Asked for late. */
function countCpus(): number {
  try {
    return cpuCount();
  } catch {
    return 1; // an invalid LOKY_MAX_CPU_COUNT is told to those who let it decide how many workers there are
  }
}

export class Dispatcher {
  readonly #fleet: Fleet;
  readonly #maxTasksPerWorker: number;
  readonly #listener: DispatcherListener;
  readonly #queue = new PendingQueue();
  readonly #runTimes = new RunTimes();
  /** Tasks that workers have been sent and have not answered. */
  #outstanding = 0;
  #lastId = 0;
  #clock: NodeJS.Timeout | undefined;
  readonly #answers = new BusyPoll(() => performance.now(), WARM_AFTER);
  #isScheduled = false;

  constructor(fleet: Fleet, maxTasksPerWorker: number, listener: DispatcherListener) {
    this.#fleet = fleet;
    this.#maxTasksPerWorker = maxTasksPerWorker;
    this.#listener = listener;
  }

  get runningCount(): number {
    return Math.min(this.#outstanding, this.#fleet.busyCount);
  }

  /** Tasks that have not begun, wherever they are. */
  get pendingCount(): number {
    let sentAhead = 0;
    for (const { state, tasks } of this.#fleet.workers)
      if (state === 'busy' && tasks.length > 1) sentAhead += tasks.length - 1;
    return this.#queue.length + sentAhead;
  }

  /** When the next task in turn was submitted, in milliseconds of `performance.now()`; `undefined` if none waits. */
  get waitingSince(): number | undefined {
    return this.#queue.peek()?.submittedAt;
  }

  get isEmpty(): boolean {
    return this.#outstanding === 0 && this.#queue.length === 0;
  }

  add(task: Task): void {
    if (this.#queue.length === 0 && this.#fleet.hasIdle()) {
      this.#start(task);
      return;
    }
    this.#queue.add(task);
    if (this.#fleet.hasIdle()) this.dispatch();
    else this.dispatchSoon();
  }

  addFirst(task: Task): void {
    this.#queue.addFirst(task);
  }

  /** A task of the queue is being cancelled. */
  noteCancelled(task: Task): void {
    this.#queue.noteCancelled(task);
  }

  dispatch(): void {
    while (this.#queue.length > 0 && this.#fleet.hasIdle()) this.#start(this.#queue.take() as Task);
    if (this.#queue.length === 0) return;
    this.#fleet.provide(this.#outstanding + this.#queue.length);
    for (const worker of this.#fleet.workers) this.#sendAhead(worker);
  }

  /** After what is going on now: what is submitted in one go is sent ahead in one go. */
  dispatchSoon(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.dispatch();
    });
  }

  /** The worker's first task was answered; it goes on with the next one, or is free. */
  takeAnswered(worker: PoolWorker, time: number): Task {
    const task = worker.takeAnswered();
    this.#answers.arrived();
    this.#outstanding -= 1;
    const [definition] = task.call.definitions;
    if (definition !== undefined && !task.isChunk) this.#runTimes.note(definition, time);
    if (task.state === 'sent') task.markStarted(performance.now() - time / 1000);
    return task;
  }

  /** Before its last task is answered, so that it does not run dry. */
  refill(worker: PoolWorker): void {
    if (this.#queue.length > 0 && worker.tasks.length > 0) this.#sendAhead(worker);
  }

  /** What the worker has not begun waits again, before all others. */
  takeBack(worker: PoolWorker): void {
    if (this.#takeUnbegun(worker)) this.#fleet.release(worker);
  }

  /** Returns whether the worker has answered all that it has begun: no further answer will tell that it is free. */
  #takeUnbegun(worker: PoolWorker): boolean {
    const taken = worker.takeBack();
    this.#outstanding -= taken.length;
    for (const task of taken.reverse()) this.#putBack(task);
    return taken.length > 0 && worker.tasks.length === 0;
  }

  #putBack(task: Task): void {
    task.takeBack();
    this.#queue.addFirst(task);
  }

  /** All that the worker was sent and has not answered. */
  takeAll(worker: PoolWorker): Task[] {
    const all: Task[] = [];
    for (let task = worker.tasks.shift(); task !== undefined; task = worker.tasks.shift()) all.push(task);
    this.#outstanding -= all.length;
    return all;
  }

  /** All that has not begun, wherever it is; who is free then gets nothing of it. */
  takePending(): Task[] {
    const free = [...this.#fleet.workers].filter((worker) => this.#takeUnbegun(worker));
    const pending = this.#queue.takeAll();
    for (const task of pending) task.beginSettling();
    for (const worker of free) this.#fleet.release(worker);
    return pending;
  }

  /** On an idle worker. */
  #start(task: Task): void {
    if (task.call.writeInto !== undefined && !task.isChunk && this.#startInline(task)) return;
    const [payload, error] = encode(task);
    if (payload === undefined) {
      this.#listener.onUnsendable(task, error);
      return;
    }
    const worker = this.#fleet.takeIdle() as PoolWorker;
    task.begin(this.#nextId());
    this.#started(worker, task, worker.run(task, payload));
  }

  /** The fast lane: `false` if the worker has to be told more than the call, or the call does not fit. */
  #startInline(task: Task): boolean {
    const worker = this.#fleet.takeIdle() as PoolWorker;
    task.begin(this.#nextId());
    if (worker.runInline(task)) {
      this.#started(worker, task, true);
      return true;
    }
    task.takeBack();
    this.#fleet.returnIdle(worker);
    return false;
  }

  #started(worker: PoolWorker, task: Task, isBuilt: boolean): void {
    this.#outstanding += 1;
    if (isBuilt) task.built();
    else task.load();
    const [definition] = task.call.definitions;
    if (definition !== undefined && !task.isChunk && this.#runTimes.isBrief(definition)) {
      counted ??= countCpus();
      if (this.#outstanding < counted) this.#answers.expect();
    }
    this.#listener.onSent(worker, task);
  }

  #sendAhead(worker: PoolWorker): void {
    if (worker.state !== 'busy' || !worker.canPipeline) return;
    const depth = this.#depthBehind(worker);
    if (worker.tasks.length > depth / 2 || this.#fleet.hasTooMany) return; // one of them leaves when it has answered
    const tasks: Task[] = [];
    const payloads: Payload[] = [];
    while (worker.tasks.length + tasks.length < depth) {
      const next = this.#queue.peek();
      if (next === undefined || !mayGoAhead(next) || this.#depthOf(next) < 2) break;
      const [payload] = encode(next);
      if (payload === undefined) break; // it fails when its turn comes
      this.#queue.take();
      next.send(this.#nextId());
      tasks.push(next);
      payloads.push(payload);
    }
    if (tasks.length === 0) return;
    const count = worker.sendAhead(tasks, payloads);
    this.#outstanding += count;
    for (const task of tasks.slice(count).reverse()) this.#putBack(task);
    // Answers that are there already are read between the timer and the look.
    this.#clock ??= inRootContext(() =>
      setInterval(() => setImmediate(() => this.#reconsider()), PATIENCE).unref(),
    );
  }

  /** How many tasks the worker may have; as many as the function at the head of the queue allows. */
  #depthBehind(worker: PoolWorker): number {
    const current = worker.task;
    const next = this.#queue.peek();
    if (current === undefined || next === undefined || !mayGoAhead(current) || !mayGoAhead(next)) return 1;
    const left = this.#maxTasksPerWorker - worker.tasksDone;
    return Math.min(this.#depthOf(current), this.#depthOf(next), left);
  }

  #depthOf({ call, isChunk }: Task): number {
    const [definition] = call.definitions;
    return definition === undefined || isChunk ? 1 : this.#runTimes.depthOf(definition);
  }

  /** Nobody waits behind a task that has turned out to be long. */
  #reconsider(): void {
    let someAhead = false;
    for (const worker of this.#fleet.workers) {
      if (worker.tasks.length > 1) {
        if (worker.tasksDone === worker.lastSeenDone) {
          worker.isSlow = true;
          this.takeBack(worker);
        } else someAhead = true;
      }
      worker.lastSeenDone = worker.tasksDone;
    }
    if (!someAhead) {
      clearInterval(this.#clock);
      this.#clock = undefined;
    }
    this.dispatch();
  }

  #nextId(): number {
    this.#lastId = (this.#lastId + 1) >>> 0;
    return this.#lastId;
  }
}

/** Its values were copied when it was submitted; there may be no memory for their bytes. */
function encode({ call }: Task): readonly [payload: Payload | undefined, error?: unknown] {
  try {
    return [call.encode()];
  } catch (error) {
    return [undefined, error];
  }
}

/** A task with a deadline, a signal or a priority of its own begins when it is sent. */
function mayGoAhead({ settings }: Task): boolean {
  return settings.timeout === undefined && settings.signal === undefined && settings.priority <= 0;
}
