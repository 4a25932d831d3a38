/**
 * The metrics of all sources of one kind in one registry. Figures are read from `stats()` when the registry is read; only the
 * two histograms of executors listen to tasks.
 */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { ProcessPoolExecutor } from '../executor/process-pool-executor.ts';
import type { TaskSettledEvent } from '../observing/events.ts';
import { type MetricsSource, metricsOf, type SourceKind } from './sources.ts';

export interface MetricFamily {
  /** @throws Error if there is a source of this name already. */
  add(name: string, source: MetricsSource): void;
  /** `true` if that was the last one, and the metrics have left the registry. Does nothing the second time. */
  remove(name: string, source: MetricsSource): boolean;
}

interface Member {
  readonly source: MetricsSource;
  /** Stops listening to its tasks. */
  readonly release: (() => void) | undefined;
}

export function createMetricFamily(
  kind: SourceKind,
  registry: Registry,
  prefix: string,
  buckets: readonly number[],
): MetricFamily {
  const members = new Map<string, Member>();
  const names: string[] = [];

  function describe(name: string, help: string, label?: string) {
    names.push(prefix + name);
    const labelNames: string[] = label === undefined ? [kind] : [kind, label];
    return { name: prefix + name, help, labelNames, registers: [registry] };
  }

  for (const [type, name, help, figures, label] of metricsOf[kind]) {
    const Metric = { gauge: Gauge, counter: Counter as typeof Gauge }[type];
    new Metric({
      ...describe(name, help, label),
      /** Resets it first: workers that are gone leave no row. */
      collect() {
        this.reset();
        for (const [member, { source }] of members)
          for (const [of, value] of entriesOf(figures(source.stats() as never)))
            if (value !== undefined) this.inc({ [kind]: member, ...(label && { [label]: of }) }, value);
      },
    });
  }
  const watch = kind === 'executor' ? createTaskTimes(describe, buckets) : undefined;

  return {
    add(name, source) {
      if (members.has(name)) {
        throw new Error(
          `The registry has ${kind === 'executor' ? 'an' : 'a'} ${kind} named ${JSON.stringify(name)} already: dispose of the former, or ` +
            'give another name',
        );
      }
      members.set(name, { source, release: watch?.(name, source as ProcessPoolExecutor) });
    },
    remove(name, source) {
      const member = members.get(name);
      if (member?.source !== source) return false;
      member.release?.();
      members.delete(name);
      if (members.size > 0) return false;
      for (const metric of names) registry.removeSingleMetric(metric);
      return true;
    },
  };
}

const entriesOf = (figures: number | Readonly<Record<string, number | undefined>> | undefined) =>
  typeof figures === 'object' ? Object.entries(figures) : [['', figures] as const];

type Describe = (name: string, help: string) => ConstructorParameters<typeof Histogram>[0];

/** @returns what records the tasks of an executor, until what that returns is called. */
function createTaskTimes(
  describe: Describe,
  buckets: readonly number[],
): (name: string, executor: ProcessPoolExecutor) => () => void {
  const waitTime = new Histogram({
    ...describe('task_wait_seconds', 'From submit to start, of tasks that have settled.'),
    buckets: [...buckets],
  });
  const runTime = new Histogram({
    ...describe('task_run_seconds', 'From the start of a task to its answer or end.'),
    buckets: [...buckets],
  });
  return (name, executor) => {
    const onSettled = (event: TaskSettledEvent): void => {
      waitTime.observe({ executor: name }, event.waitTime / 1000);
      if (event.runTime !== undefined) runTime.observe({ executor: name }, event.runTime / 1000);
    };
    executor.on('taskSettled', onSettled);
    return () => {
      executor.off('taskSettled', onSettled);
      for (const histogram of [waitTime, runTime]) histogram.remove({ executor: name });
    };
  };
}
