/**
 * Running ahead: a worker that is busy with short tasks is sent a few more, so that it need not wait for the host between
 * two of them. What the worker has not begun can be revoked at any time, and is as soon as a task turns out to be long.
 *
 *   host                                     worker (its thread may be busy for long)
 *   claims.post(7, 8, 9) ──▶ shared file ──▶ reads 7: it may begin 7
 *   call 7, call 8, call 9 ──▶ pipe ──────▶ runs 7 …
 *   claims.revoke() reads 8 and 9: they are pending again; the worker finds no claim for them and hands them back
 *
 * Each record of the file is read by one of the two, and the side that has read a number decides about its task. Three
 * rules keep both sides in step:
 *   - A claim is posted before its call is sent, and in the same order.
 *   - After a revoke, nothing is posted until a task that was sent to begin at once is answered: revoked calls may still be
 *     in the pipe, and the worker would take a newer claim for an older call.
 *   - A worker that was sent tasks ahead and has answered none of them within `PATIENCE` loses those that it has not begun.
 */
import type { ClaimLedger } from '../child/claims.ts';
import type { Definition, Payload } from '../sending/common/payload.ts';
import { BusyPoll, WARM_AFTER } from '../system/busy-poll.ts';
import { cpuCount } from '../system/cpu-count.ts';
import { inRootContext } from '../system/root-context.ts';
import { clearInterval, setImmediate, setInterval } from '../system/timers.ts';
import type { PendingQueue } from './queue.ts';
import type { Task } from './task.ts';
import type { PoolWorker } from './worker.ts';
import type { Workers } from './workers.ts';

/** How long a worker may be at one task before those behind it are revoked, in milliseconds. */
const PATIENCE = 2;

interface RunTime {
  /** In microseconds, the latest ones counting most. */
  mean: number;
  worst: number;
}

/** What a worker may have in its queue, in microseconds of work. */
const WORK_AHEAD = 1000;
/** A function that took longer than this of late goes alone, in microseconds. */
const SHORT = 5000;
const DEEPEST = 128;
/** Its answer is there about when a core that fell asleep would be awake again, in microseconds. */
const BRIEF = 50;

// One worker: what it was sent

/** The tasks that a worker was sent and has not answered, in the order in which it runs them: it is at the first one. */
export class SentTasks {
  readonly tasks: Task[] = [];
  /** The file that is shared with the worker; `undefined` where there is none: nothing is sent ahead then. */
  claims: ClaimLedger | undefined;
  /** The current task takes long: nothing is sent ahead until it is answered. */
  isSlow = false;
  /** There were claims that the host has not posted: what the worker would begin is unknown. */
  hasForeignClaims = false;
  /** The worker has begun all that it has: the rest was revoked, and the answers are on their way. */
  #areAllBegun = false;
  /** Revoked calls may still be in the pipe. */
  #staleInFlight = false;
  /** When this task, which the worker was sent to begin at once, is answered, they have arrived. */
  #lastImmediate: Task | undefined;
  /** There may be claims that were read, in a file that grows. */
  #hasPosted = false;
  /** Claims that were posted for the chunk that is running. */
  #ofChunk = 0;

  get mayPost(): boolean {
    return !this.isSlow && !this.#staleInFlight && this.claims !== undefined;
  }

  /** The worker has nothing else to do: it begins the task at once. */
  begin(task: Task): void {
    this.#lastImmediate = task;
    if (this.#hasPosted) this.claims?.clear();
    this.#hasPosted = false;
    this.tasks.push(task);
  }

  /** Of a chunk that is begun next: claims for all that goes beyond the first. `false` where there is no room for them. */
  postChunk(id: number, count: number): boolean {
    if (count === 0) return true;
    this.#hasPosted = true;
    this.#ofChunk = this.claims?.post(Array<number>(count).fill(id)) ?? 0;
    const isWhole = this.#ofChunk === count;
    if (!isWhole) this.#dropChunk();
    return isWhole;
  }

  /** How many claims of the chunk that is running the worker has; it gets no more. `undefined` if none can be revoked. */
  revokeChunk(): number | undefined {
    if (this.#ofChunk === 0) return undefined;
    const posted = this.#ofChunk;
    this.#ofChunk = 0;
    return posted - (this.claims?.revoke().length ?? 0);
  }

  #dropChunk(): void {
    if (this.#ofChunk > 0) this.claims?.revoke();
    this.#ofChunk = 0;
  }

  /** Before the calls are sent. Returns how many of the tasks there was room for: the others may not be sent. */
  post(tasks: readonly Task[]): number {
    this.#hasPosted = true;
    this.#areAllBegun = false;
    const count = this.claims?.post(tasks.map(({ wireId }) => wireId)) ?? 0;
    for (let index = 0; index < count; index += 1) this.tasks.push(tasks[index] as Task);
    return count;
  }

  /** The first one, unless the worker runs several at once. */
  answered(task: Task): void {
    if (task === this.tasks[0]) this.tasks.shift();
    else this.tasks.splice(this.tasks.indexOf(task), 1);
    if (this.#ofChunk > 0) this.#dropChunk();
    this.isSlow = false;
    if (task === this.#lastImmediate) {
      this.#staleInFlight = false;
      this.#lastImmediate = undefined;
    }
  }

  /** How many tasks wait behind the `atOnce` that the worker is at, as far as is known. */
  waitingBehind(atOnce: number): number {
    return this.#areAllBegun ? 0 : Math.max(0, this.tasks.length - atOnce);
  }

  /** Revokes what the worker has not begun and will not: the last ones of its tasks, in their order. */
  revoke(): Task[] {
    if (this.tasks.at(-1)?.state !== 'sent') return [];
    const unclaimed = new Set(this.claims?.revoke());
    const revoked: Task[] = [];
    for (let last = this.tasks.at(-1); last?.state === 'sent'; last = this.tasks.at(-1)) {
      if (!unclaimed.delete(last.wireId)) break;
      this.tasks.pop();
      revoked.push(last);
    }
    this.hasForeignClaims ||= unclaimed.size > 0;
    this.#areAllBegun = true;
    if (revoked.length > 0) {
      this.#staleInFlight = true;
      this.#lastImmediate = undefined;
    }
    return revoked.reverse();
  }
}

// All workers of a pool

interface RunAheadOptions {
  readonly queue: PendingQueue;
  readonly workers: Workers;
  readonly maxTasksPerWorker: number;
  /** The worker is at a long task: what it has not begun is to be revoked. */
  readonly onSlow: (worker: PoolWorker) => void;
  /** After that: other workers may have what was revoked. */
  readonly dispatch: () => void;
}

let counted: number | undefined;

/** Reads what limits this process: takes longer than tens of cold calls. */
function countCpus(): number {
  try {
    return cpuCount();
  } catch {
    return 1; // an invalid LOKY_MAX_CPU_COUNT is an error where it decides how many workers there are
  }
}

export class RunAhead {
  /** Tasks that workers were sent and have not answered. */
  outstanding = 0;
  readonly #options: RunAheadOptions;
  /** How long the tasks of each function take. */
  readonly #runTimes = new WeakMap<Definition, RunTime>();
  readonly #answers = new BusyPoll(() => performance.now(), WARM_AFTER);
  #lastId = 0;
  #clock: NodeJS.Timeout | undefined;

  constructor(options: RunAheadOptions) {
    this.#options = options;
  }

  /** The number under which the next task is sent. */
  nextId(): number {
    this.#lastId = (this.#lastId + 1) >>> 0;
    return this.#lastId;
  }

  /** A worker has begun the task at once: it may be worth staying awake for the answer. */
  begun({ isChunk, definitions }: Task): void {
    this.outstanding += 1;
    const known = isChunk || definitions[0] === undefined ? undefined : this.#runTimes.get(definitions[0]);
    if (known !== undefined && known.mean < BRIEF) this.#answers.expect(this.#hasCore);
  }

  /** With fewer tasks out than CPUs there is one for this process. */
  readonly #hasCore = (): boolean => {
    counted ??= countCpus();
    return this.outstanding < counted;
  };

  /** The worker has answered this one of its tasks, after `time` microseconds. */
  answered({ sent }: PoolWorker, task: Task, time: number): void {
    sent.answered(task);
    this.outstanding -= 1;
    this.#answers.arrived();
    const [definition] = task.definitions;
    if (definition !== undefined && !task.isChunk) {
      const known = this.#runTimes.get(definition);
      if (known === undefined) this.#runTimes.set(definition, { mean: time, worst: time });
      else {
        known.mean += (time - known.mean) * 0.1;
        known.worst = Math.max(time, known.worst * 0.9);
      }
    }
    if (task.state === 'sent') task.markStarted(performance.now() - time / 1000);
  }

  /** Sends tasks of the queue to workers that have others to do first: to each no more than its share. */
  fillAll(): void {
    const { queue, workers } = this.#options;
    let left = workers.all.size;
    for (const worker of workers.all) {
      this.fill(worker, Math.ceil(queue.length / left));
      left -= 1;
    }
  }

  /** Sends tasks of the queue to a worker that has others to do first, if it is worth it. */
  fill(worker: PoolWorker, most: number = DEEPEST): void {
    const { queue } = this.#options;
    if (worker.state !== 'busy' || !worker.canPipeline) return;
    const depth = this.#depthBehind(worker);
    if (worker.sent.tasks.length > depth / 2 || this.#options.workers.hasTooMany) return;
    const tasks: Task[] = [];
    const payloads: Payload[] = [];
    while (worker.sent.tasks.length + tasks.length < depth && tasks.length < most) {
      const next = queue.peek();
      if (next === undefined || !mayGoAhead(next) || this.#depthOf(next) < 2) break;
      const payload = encodeAhead(next);
      if (payload === undefined) break;
      queue.take();
      next.sendAhead(this.nextId());
      tasks.push(next);
      payloads.push(payload);
    }
    if (tasks.length === 0) return;
    const count = worker.sendAhead(tasks, payloads);
    this.outstanding += count;
    for (const task of tasks.slice(count).reverse()) this.#putBack(task);
    // Answers that are there already are read between the timer and the look.
    this.#clock ??= inRootContext(() => setInterval(() => setImmediate(this.reconsider), PATIENCE).unref());
  }

  /**
   * What the worker has not begun is pending again, before all others. Returns whether it has answered all that it has
   * begun: no further answer will say that it is free.
   */
  revoke(worker: PoolWorker): boolean {
    const revoked = worker.sent.revoke();
    if (worker.sent.hasForeignClaims) worker.killForProtocolError('a task has written file descriptor 4');
    this.outstanding -= revoked.length;
    for (const task of revoked.reverse()) this.#putBack(task);
    return revoked.length > 0 && worker.sent.tasks.length === 0;
  }

  /** All that the worker was sent and has not answered. */
  takeAll({ sent }: PoolWorker): Task[] {
    const all = sent.tasks.splice(0);
    this.outstanding -= all.length;
    return all;
  }

  /** No task waits behind one that has turned out to be long. */
  readonly reconsider = (): void => {
    let isSomeAhead = false;
    for (const worker of this.#options.workers.all) {
      if (worker.sent.tasks.length > 1) {
        if (worker.tasksDone === worker.lastSeenDone) {
          worker.sent.isSlow = true;
          this.#options.onSlow(worker);
        } else isSomeAhead = true;
      }
      worker.lastSeenDone = worker.tasksDone;
    }
    if (!isSomeAhead) {
      clearInterval(this.#clock);
      this.#clock = undefined;
    }
    this.#options.dispatch();
  };

  #putBack(task: Task): void {
    task.revoke();
    this.#options.queue.addFirst(task);
  }

  /** How many tasks the worker may have; as many as the function at the head of the queue allows. */
  #depthBehind(worker: PoolWorker): number {
    const [current] = worker.sent.tasks;
    const next = this.#options.queue.peek();
    if (current === undefined || next === undefined || !mayGoAhead(current) || !mayGoAhead(next)) return 1;
    const left = this.#options.maxTasksPerWorker - worker.tasksDone;
    return Math.min(this.#depthOf(current), this.#depthOf(next), left);
  }

  /** How many tasks of its function a worker may have at a time; 1 for one that is not known to be short. */
  #depthOf({ definitions, isChunk }: Task): number {
    const known = isChunk || definitions[0] === undefined ? undefined : this.#runTimes.get(definitions[0]);
    if (known === undefined || known.worst > SHORT) return 1;
    return Math.min(DEEPEST, Math.max(1, Math.floor(WORK_AHEAD / (known.mean + 1))));
  }
}

/** `undefined` where there is no memory for its bytes: the task fails when its turn comes. */
function encodeAhead({ call }: Task): Payload | undefined {
  try {
    return call.encode();
  } catch {
    return undefined;
  }
}

/**
 * A task with a deadline, a signal or a priority of its own begins when it is sent, and so does one with which its host
 * speaks while it runs.
 */
function mayGoAhead({ settings, stream, messages }: Task): boolean {
  if (stream !== undefined || messages !== undefined) return false;
  return settings.timeout === undefined && settings.signal === undefined && settings.priority <= 0;
}
