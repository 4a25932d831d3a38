/**
 * The metrics of all executors in one registry. Figures are read from `stats()` when the registry is read; only the
 * two histograms listen to tasks.
 */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { ProcessPoolExecutor } from '../executor/process-pool-executor.ts';
import type { ExecutorStats, WorkerStats } from '../executor/stats.ts';
import type { TaskSettledEvent } from '../observing/events.ts';

interface MetricFamily {
  /** @throws Error if there is an executor of this name already. */
  add(name: string, executor: ProcessPoolExecutor): void;
  /** `true` if that was the last one, and the metrics have left the registry. Does nothing the second time. */
  remove(name: string, executor: ProcessPoolExecutor): boolean;
}

interface Member {
  readonly executor: ProcessPoolExecutor;
  readonly onSettled: (event: TaskSettledEvent) => void;
}

/** The value of a metric for each value of its second label, or for none. */
type Figures = (
  stats: ExecutorStats,
) => Iterable<readonly [label: string | number, value: number | undefined]>;

const STATES = ['booting', 'initializing', 'spare', 'idle', 'busy', 'leaving', 'killed'] as const;

/** A worker that starts, is spare or leaves may have the rank of one that runs tasks. */
function isInPlace({ state }: WorkerStats): boolean {
  return state === 'idle' || state === 'busy';
}

export function createMetricFamily(
  registry: Registry,
  prefix: string,
  buckets: readonly number[],
): MetricFamily {
  const members = new Map<string, Member>();
  const names: string[] = [];

  function describe(name: string, help: string, label?: string) {
    names.push(prefix + name);
    const labelNames = label === undefined ? ['executor'] : ['executor', label];
    return { name: prefix + name, help, labelNames, registers: [registry] };
  }

  function gauge(name: string, help: string, label: string | undefined, figures: Figures): void {
    new Gauge({
      ...describe(name, help, label),
      collect() {
        this.reset(); // workers that are gone leave no row
        each(figures, label, (labels, value) => this.set(labels, value));
      },
    });
  }

  function counter(name: string, help: string, label: string | undefined, figures: Figures): void {
    new Counter({
      ...describe(name, help, label),
      collect() {
        this.reset();
        each(figures, label, (labels, value) => this.inc(labels, value));
      },
    });
  }

  function each(
    figures: Figures,
    label: string | undefined,
    set: (labels: Record<string, string | number>, value: number) => void,
  ): void {
    for (const [executor, member] of members) {
      for (const [of, value] of figures(member.executor.stats())) {
        if (value !== undefined) set(label === undefined ? { executor } : { executor, [label]: of }, value);
      }
    }
  }

  gauge('workers', 'Worker processes by state.', 'state', ({ workers }) =>
    STATES.map((state) => [state, workers.filter((worker) => worker.state === state).length]),
  );
  gauge('tasks_pending', 'Tasks that have not started.', undefined, ({ pending }) => [['', pending]]);
  gauge('tasks_running', 'Tasks that workers run.', undefined, ({ running }) => [['', running]]);
  gauge(
    'worker_resident_memory_bytes',
    'Memory of a worker with its descendants, when it was last seen busy.',
    'rank',
    ({ workers }) => workers.filter(isInPlace).map(({ rank, rss }) => [rank, rss]),
  );
  gauge(
    'worker_cpu_cores',
    'CPU cores that a worker with its descendants used, when it was last seen busy.',
    'rank',
    ({ workers }) =>
      workers.filter(isInPlace).map(({ rank, cpu }) => [rank, cpu === undefined ? undefined : cpu / 100]),
  );
  counter('tasks_total', 'Settled tasks, by outcome.', 'outcome', ({ outcomes }) => Object.entries(outcomes));
  counter('worker_exits_total', 'Worker processes that have ended, by reason.', 'reason', ({ exits }) =>
    Object.entries(exits),
  );
  counter('worker_recycled_total', 'Workers that were replaced, by reason.', 'reason', ({ recycled }) =>
    Object.entries(recycled),
  );
  const waitTime = new Histogram({
    ...describe('task_wait_seconds', 'From submit to start, of tasks that have settled.'),
    buckets: [...buckets],
  });
  const runTime = new Histogram({
    ...describe('task_run_seconds', 'From the start of a task to its answer or end.'),
    buckets: [...buckets],
  });

  return {
    add(name, executor) {
      if (members.has(name)) {
        throw new Error(
          `The registry has an executor named ${JSON.stringify(name)} already: dispose of the former, or give another name`,
        );
      }
      const onSettled = (event: TaskSettledEvent): void => {
        waitTime.observe({ executor: name }, event.waitTime / 1000);
        if (event.runTime !== undefined) runTime.observe({ executor: name }, event.runTime / 1000);
      };
      executor.on('taskSettled', onSettled);
      members.set(name, { executor, onSettled });
    },
    remove(name, executor) {
      const member = members.get(name);
      if (member?.executor !== executor) return false;
      executor.off('taskSettled', member.onSettled);
      members.delete(name);
      for (const histogram of [waitTime, runTime]) histogram.remove({ executor: name });
      if (members.size > 0) return false;
      for (const metric of names) registry.removeSingleMetric(metric);
      return true;
    },
  };
}
