/**
 * What workers send: answers, reports of progress, and what they announce of themselves. It settles the tasks that are
 * answered. It knows neither the queue nor how workers end.
 */
import { type Frame, FrameKind } from '../../channel/frame.ts';
import { type LeakFigures, readLeakFigures } from '../../channel/leak-figures.ts';
import type { ExecutorSettings } from '../../options/executor-options.ts';
import type { Sender } from '../../sending/index.ts';
import { withSubmitSite } from '../../system/submit-site.ts';
import { messageOf } from '../../system/thrown.ts';
import type { Dispatcher } from '../dispatch/dispatcher.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { PoolWorker } from '../fleet/pool-worker.ts';
import type { Lifetime } from '../lifetime.ts';
import type { PoolEvents } from '../pool-events.ts';
import type { PoolParts } from '../pool-parts.ts';
import type { PoolWarnings } from '../pool-warnings.ts';
import type { Task } from '../tasks/task.ts';
import type { TaskCounts } from '../tasks/task-counts.ts';
import type { Losses } from './losses.ts';
import { couldNotPreload, initializerThrew } from './startup-errors.ts';

/** Longer than any message of Node's, and not long enough to hold this process up. In bytes. */
const LONGEST_TEXT = 1_000;

const textOf = ({ buffer, byteOffset, byteLength }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, Math.min(byteLength, LONGEST_TEXT)).toString();

interface Answer {
  readonly ok: boolean;
  readonly value: unknown;
}

export class Arrivals {
  readonly #maxTasksPerWorker: number;
  readonly #preload: ExecutorSettings['preload'];
  readonly #sender: Sender;
  readonly #fleet: Fleet;
  readonly #dispatcher: Dispatcher;
  readonly #lifetime: Lifetime;
  readonly #losses: Losses;
  readonly #counts: TaskCounts;
  readonly #warnings: PoolWarnings;
  readonly #events: PoolEvents;

  constructor(parts: PoolParts, losses: Losses) {
    this.#maxTasksPerWorker = parts.settings.maxTasksPerWorker;
    this.#preload = parts.settings.preload;
    this.#sender = parts.sender;
    this.#fleet = parts.fleet;
    this.#dispatcher = parts.dispatcher;
    this.#lifetime = parts.lifetime;
    this.#losses = losses;
    this.#counts = parts.counts;
    this.#warnings = parts.warnings;
    this.#events = parts.events;
  }

  /** A worker that sends what no worker of ours sends is ended, which is told like any other death. */
  take(worker: PoolWorker, frame: Frame): void {
    try {
      this.#read(worker, frame);
    } catch (error) {
      worker.endAt(messageOf(error));
    }
  }

  #read(worker: PoolWorker, frame: Frame): void {
    switch (frame.kind) {
      case FrameKind.value:
      case FrameKind.error:
        if (frame.id === worker.task?.sentAs) this.#answered(worker, frame);
        break;
      case FrameKind.handedBack:
        if (frame.id === worker.task?.sentAs) this.#handedBack(worker);
        break;
      case FrameKind.loading:
        this.#loading(worker, frame);
        break;
      case FrameKind.built:
        this.#built(worker, frame.id);
        break;
      case FrameKind.progress:
        if (frame.id === worker.task?.sentAs) worker.task.progress(() => this.#sender.decodeValue(frame));
        break;
      case FrameKind.initializerFailed:
        if (!worker.isStarting) throw new Error('its initializer had succeeded before, and failed now');
        this.#losses.breakPool(initializerThrew(this.#decode(frame).value));
        break;
      case FrameKind.preloadFailed: {
        if (!worker.isStarting) throw new Error('it had loaded its modules before, and failed now');
        const name = this.#preload[frame.id]?.specifier ?? 'a module';
        this.#losses.breakPool(couldNotPreload(name, this.#decode(frame).value));
        break;
      }
      case FrameKind.uncaught:
        worker.uncaught = { error: this.#decode(frame).value };
        this.#fleet.expectExit(worker);
        break;
      case FrameKind.retire:
        this.#retire(worker, readLeakFigures(frame.body));
        break;
      case FrameKind.unmeasurable:
        this.#warnings.unmeasurable(textOf(frame.body));
        break;
      case FrameKind.growing:
        this.#fleet.prepareReplacement(worker);
        break;
      default:
        throw new Error(`a frame of kind ${frame.kind} is for workers only`);
    }
  }

  /** Before the task's function can run, or while it fetches tasks of its own (`loky/bullmq`). */
  #loading(worker: PoolWorker, { id, body }: Frame): void {
    worker.loading = moduleNames(body);
    const { task } = worker;
    if (id !== task?.sentAs) return;
    if (task.state === 'sent') task.noteBegun(performance.now());
    if (task.state === 'running') task.load();
  }

  #built(worker: PoolWorker, id: number): void {
    if (id === 0) {
      if (worker.isStarting) worker.loading = undefined;
      else worker.notePrepared();
      return;
    }
    const { task } = worker;
    if (id !== task?.sentAs) return;
    worker.loading = undefined;
    if (task.state !== 'running') return;
    task.built();
    if (this.#events.watchesTasks) this.#events.onTaskStarted(task, worker);
  }

  #answered(worker: PoolWorker, frame: Frame): void {
    const task = this.#dispatcher.takeAnswered(worker, frame.time);
    const answer = this.#decode(frame, task.isChunk ? task.itemCount : undefined);
    try {
      this.#moveOn(worker, task, frame.time / 1000);
    } finally {
      this.#settle(task, frame, answer); // the worker has it no more: whatever went wrong, nobody else would
    }
  }

  /** @param runTime In milliseconds. */
  #moveOn(worker: PoolWorker, task: Task, runTime: number): void {
    this.#counts.noteAnswered(task, runTime);
    this.#losses.noteFinished(task.startedAt + runTime);
    if (this.#events.watchesTasks) this.#events.onTaskAnswered(task, worker, runTime);
    this.#countTask(worker);
    if (worker.tasks.length === 0) this.#fleet.release(worker);
    else this.#dispatcher.refill(worker);
  }

  #settle(task: Task, { kind }: Frame, { ok, value }: Answer): void {
    const isKilled = task.state === 'settled'; // while its answer was on its way
    if (!isKilled && ok && kind === FrameKind.value) task.succeed(value);
    else if (!isKilled) task.fail(withSubmitSite(value, task.submitSite));
    this.#lifetime.checkDrained();
  }

  /** It has announced that it leaves, and got a task before the host knew. */
  #handedBack(worker: PoolWorker): void {
    if (!worker.isRetiring) throw new Error('a task has closed, read or written file descriptor 4');
    for (const task of this.#dispatcher.takeAll(worker).reverse()) {
      task.takeBack();
      this.#dispatcher.addFirst(task);
    }
    this.#fleet.release(worker);
    this.#dispatcher.dispatch();
  }

  #retire(worker: PoolWorker, figures: LeakFigures): void {
    if (worker.isRetiring) return;
    this.#fleet.retire(worker);
    this.#dispatcher.takeBack(worker);
    this.#warnings.leak(figures);
    this.#events.onWorkerRecycled(worker, 'memory-leak', figures);
    this.#dispatcher.dispatch();
  }

  /** Its replacement starts with its last task, and it leaves after that. */
  #countTask(worker: PoolWorker): void {
    const left = this.#maxTasksPerWorker - worker.tasksDone;
    if (left === 1) this.#fleet.prepareReplacement(worker);
    if (left > 0 || worker.isRetiring) return;
    this.#fleet.retire(worker);
    this.#events.onWorkerRecycled(worker, 'max-tasks', undefined);
  }

  /** @param items How many a chunk had. */
  #decode(frame: Frame, items?: number): Answer {
    const { kind } = frame;
    try {
      if (items !== undefined && kind === FrameKind.value)
        return { ok: true, value: this.#sender.decodeOutcomes(frame, items) };
      return { ok: true, value: this.#sender.decodeValue(frame) };
    } catch (error) {
      return { ok: false, value: error };
    }
  }
}

/** In characters: they are part of messages, and come from a worker. */
const LONGEST_NAMES = 1000;

function moduleNames(body: Uint8Array): string {
  const names = Buffer.from(body.buffer, body.byteOffset, Math.min(body.length, LONGEST_NAMES)).toString();
  return names === '' ? 'what it needs' : names;
}
