/**
 * The metrics of what works over several machines, in one registry: machines that serve a queue, and executors that submit to
 * one. Figures are read from `stats()` when the registry is read.
 */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { RemoteStats } from '../bullmq/remote-stats.ts';
import type { ServerStats } from '../bullmq/server-stats.ts';

type Figures<Stats> = (stats: Stats) => readonly (readonly [label: string, value: number | undefined])[];

interface Metric<Stats> {
  readonly type: 'gauge' | 'counter';
  readonly name: string;
  readonly help: string;
  /** The name of a second label. */
  readonly label?: string;
  readonly figures: Figures<Stats>;
}

/** What `stats()` gives, and of whom. */
interface Source<Stats> {
  stats(): Stats;
}

interface QueueFamily<Stats> {
  /** @throws Error if there is one of this name already. */
  add(name: string, source: Source<Stats>): void;
  /** `true` if that was the last one, and the metrics have left the registry. Does nothing the second time. */
  remove(name: string, source: Source<Stats>): boolean;
}

const one = <Stats>(figure: (stats: Stats) => number | undefined): Figures<Stats> => {
  return (stats) => [['', figure(stats)]];
};

export const MACHINE: readonly Metric<ServerStats>[] = [
  {
    ...{ type: 'counter', name: 'machine_jobs_total', help: 'Jobs of a machine, by outcome.' },
    ...{ label: 'event', figures: ({ jobs }) => Object.entries(jobs) },
  },
  {
    ...{ type: 'gauge', name: 'machine_jobs_active', help: 'Jobs that a machine runs.' },
    figures: one(({ active }) => active),
  },
  {
    ...{ type: 'gauge', name: 'machine_workers', help: 'Jobs that a machine can run at once.' },
    figures: one(({ workers }) => workers),
  },
  {
    ...{ type: 'gauge', name: 'machine_draining', help: 'Whether a machine is draining: 1 or 0.' },
    figures: one(({ draining }) => Number(draining)),
  },
  {
    ...{
      type: 'counter',
      name: 'machine_lock_failures_total',
      help: 'Locks of jobs that could not be renewed.',
    },
    figures: one(({ lockFailures }) => lockFailures),
  },
  {
    ...{
      type: 'gauge',
      name: 'machine_last_fetch_timestamp_seconds',
      help: 'When the machine last fetched a job.',
    },
    figures: one(({ lastFetch }) => lastFetch && lastFetch / 1_000),
  },
];

export const SUBMITTER: readonly Metric<RemoteStats>[] = [
  {
    ...{
      type: 'gauge',
      name: 'submitter_tasks',
      help: 'Tasks of a submitter that are not settled, by state.',
    },
    label: 'state',
    figures: ({ unsent, waiting, running }) => Object.entries({ unsent, waiting, running }),
  },
  {
    ...{
      type: 'counter',
      name: 'submitter_tasks_total',
      help: 'Settled tasks, by outcome.',
    },
    ...{ label: 'outcome', figures: ({ outcomes }) => Object.entries(outcomes) },
  },
  {
    ...{ type: 'counter', name: 'submitter_submitted_total', help: 'Tasks that were ever submitted.' },
    figures: one(({ submitted }) => submitted),
  },
  {
    ...{ type: 'gauge', name: 'submitter_connected', help: 'Whether the engine can be reached: 1 or 0.' },
    figures: one(({ connected }) => Number(connected)),
  },
  {
    ...{
      type: 'counter',
      name: 'submitter_machines_lost_total',
      help: 'Machines that fell silent under its tasks.',
    },
    figures: one(({ machinesLost }) => machinesLost),
  },
];

/** @param who The name of the first label. */
export function createQueueFamily<Stats>(
  registry: Registry,
  prefix: string,
  who: 'machine' | 'submitter',
  metrics: readonly Metric<Stats>[],
): QueueFamily<Stats> {
  const members = new Map<string, Source<Stats>>();
  for (const { type, name, help, label, figures } of metrics) {
    const labelNames = label === undefined ? [who] : [who, label];
    const labelsOf = (member: string, of: string) => ({
      ...{ [who]: member },
      ...(label === undefined ? {} : { [label]: of }),
    });
    const collect = (set: (labels: Record<string, string>, value: number) => void): void => {
      for (const [member, source] of members) {
        for (const [of, value] of figures(source.stats()))
          if (value !== undefined) set(labelsOf(member, of), value);
      }
    };
    const described = { name: prefix + name, help, labelNames, registers: [registry] };
    if (type === 'gauge') {
      new Gauge({
        ...described,
        collect() {
          this.reset();
          collect((labels, value) => this.set(labels, value));
        },
      });
    } else {
      new Counter({
        ...described,
        collect() {
          this.reset();
          collect((labels, value) => this.inc(labels, value));
        },
      });
    }
  }

  return {
    add(name, source) {
      if (members.has(name)) {
        throw new Error(
          `The registry has a ${who} named ${JSON.stringify(name)} already: dispose of the former, or give another name`,
        );
      }
      members.set(name, source);
    },
    remove(name, source) {
      if (members.get(name) !== source) return false;
      members.delete(name);
      if (members.size > 0) return false;
      for (const metric of metrics) registry.removeSingleMetric(prefix + metric.name);
      return true;
    },
  };
}
