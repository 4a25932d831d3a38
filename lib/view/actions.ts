/**
 * What a page may do, if its program allows it. Each action takes two requests: the first is answered with a question and a
 * code, and only a second one with this code, which is good for one action and for a while, does something.
 */
import { randomBytes } from 'node:crypto';
import { livingExecutors } from '../executor/living.ts';
import { executorInternals, type ProcessPoolExecutor } from '../executor/process-pool-executor.ts';
import type { Manager } from '../manager/manager.ts';
import type { PoolWorker } from '../manager/worker.ts';
import type { Action } from './aggregate/messages.ts';

type ActionAnswer =
  | { readonly question: string; readonly code: string }
  | { readonly done: string }
  | { readonly refused: string };

/** In milliseconds. */
const GOOD_FOR = 30_000;
const MOST_CODES = 50;
/** More would be a slip of the hand. */
const MOST_WORKERS = 1_024;

export class Actions {
  readonly #executors: () => readonly ProcessPoolExecutor[];
  /** What was asked for, by code. */
  readonly #asked = new Map<string, { readonly action: string; readonly until: number }>();

  constructor(executors: readonly ProcessPoolExecutor[] | undefined) {
    this.#executors = () => executors ?? livingExecutors();
  }

  answer(action: Action, code: string | null): ActionAnswer {
    const plan = this.#plan(action);
    if (typeof plan === 'string') return { refused: plan };
    if (code === null) return { question: plan.question, code: this.#newCode(action) };
    const asked = this.#asked.get(code);
    this.#asked.delete(code);
    if (asked === undefined || asked.action !== JSON.stringify(action) || performance.now() > asked.until)
      return { refused: 'The answer came too late, or was given before: ask again.' };
    return plan.run() ? { done: plan.done } : { refused: 'It had ended before.' };
  }

  #newCode(action: Action): string {
    const code = randomBytes(18).toString('base64url');
    this.#asked.set(code, { action: JSON.stringify(action), until: performance.now() + GOOD_FOR });
    if (this.#asked.size > MOST_CODES) this.#asked.delete(this.#asked.keys().next().value as string);
    return code;
  }

  /** Or why that cannot be done. */
  #plan(action: Action): Plan | string {
    const executor = this.#executors().find(({ executorId }) => executorId === action.pool);
    if (executor === undefined) return 'This pool no longer exists.';
    const manager = executorInternals.poolOf(executor);
    if (action.kind === 'resize') return planResize(manager, action.pool, action.workers);
    return action.kind === 'end-worker' ? planEnd(manager, action.pid) : planCancel(manager, action.task);
  }
}

interface Plan {
  readonly question: string;
  readonly done: string;
  run(): boolean;
}

function planResize(manager: Manager, pool: number, workers: number): Plan | string {
  if (!manager.isOpen) return 'This pool takes no more tasks.';
  if (!Number.isInteger(workers) || workers < 1 || workers > MOST_WORKERS)
    return `The number of workers must be a whole number from 1 to ${MOST_WORKERS}.`;
  return {
    question: `Change pool ${pool} from at most ${manager.maxWorkers} to at most ${workers} workers?`,
    done: `Pool ${pool} has at most ${workers} workers now.`,
    run() {
      manager.resize(workers);
      return true;
    },
  };
}

function planEnd(manager: Manager, pid: number): Plan | string {
  const worker = find(manager, (each) => each.pid === pid);
  if (worker === undefined || worker.state === 'gone') return 'This worker no longer exists.';
  return {
    question: `End worker ${worker.rank} (pid ${pid})? ${costOfEnd(worker.tasks.map(({ name }) => name))}`,
    done: `Worker ${worker.rank} (pid ${pid}) is being ended.`,
    run: () => manager.endWorker(worker),
  };
}

function planCancel(manager: Manager, id: number): Plan | string {
  const worker = find(manager, ({ tasks }) => tasks.some((task) => task.id === id));
  const task = worker?.tasks.find((each) => each.id === id);
  if (worker === undefined || task === undefined) return 'This task is no longer running.';
  const others = worker.tasks.length - 1;
  const besides = others === 0 ? '' : `, and loses the ${others} more that it runs`;
  return {
    question: `Cancel the task ${quoted(task.name)}? It has started: worker ${worker.rank} (pid ${worker.pid}) is killed with it${besides}.`,
    done: `The task ${quoted(task.name)} is cancelled.`,
    run: () => manager.cancelTask(task, true),
  };
}

function costOfEnd([name, ...others]: readonly string[]): string {
  if (name === undefined) return 'It runs nothing.';
  return others.length === 0
    ? `The task ${quoted(name)} that it runs is cancelled.`
    : `The ${others.length + 1} tasks that it runs are cancelled.`;
}

function find(manager: Manager, matches: (worker: PoolWorker) => boolean): PoolWorker | undefined {
  return [...manager.workers].find(matches);
}

function quoted(name: string): string {
  return JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}…` : name);
}
