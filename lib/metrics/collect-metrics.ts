/**
 * Puts executors into a registry of prom-client and takes them out again. What is measured, and how it is called, is
 * said in sources.ts.
 */
import { register as defaultRegistry, type Registry } from 'prom-client';
import { array, type Check, checkOptions, describe, string } from '../system/check.ts';
import { createMetricFamily, type MetricFamily } from './metric-family.ts';
import { kindOf, type MetricsSource } from './sources.ts';

export interface MetricsOptions {
  /** Where the metrics are registered. Default: the registry that prom-client shares (`register`). */
  registry?: Registry;
  /**
   * The value of the label `executor`, `machine` or `submitter`, which distinguishes several of them. Default: the `executorId`, or
   * the `machineId` of a machine.
   */
  name?: string;
  /** What the names of the metrics begin with. Default: `'loky_'`. */
  prefix?: string;
  /** Upper bounds of the histograms' buckets, in seconds. Default: from 1 ms to 60 s. */
  buckets?: readonly number[];
}

/** What `collectMetrics` gives. */
export interface CollectedMetrics extends Disposable {
  /** Takes the executor's figures out of the registry, and the metrics with the last executor. */
  dispose(): void;
}

const checks: Readonly<Record<keyof MetricsOptions, Check>> = {
  registry: checkRegistry,
  name: string,
  prefix: string,
  buckets: array,
};

/** From a millisecond, in steps of about three, to a minute. */
const BUCKETS = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 60];

/** The families of each registry, by their kind and prefix. */
const families = new WeakMap<object, Map<string, MetricFamily>>();

/**
 * Makes figures part of what a registry of prom-client exposes: of an executor, of a machine (`serveTasks`) or of a submitter
 * (`BullMQExecutor`). Several may share a registry. The source is held until `dispose()`.
 *
 * @throws TypeError, RangeError for options that are unknown or of the wrong type.
 * @throws Error if the registry has one of this name already.
 */
export function collectMetrics(source: MetricsSource, options?: MetricsOptions): CollectedMetrics {
  const {
    registry = defaultRegistry,
    prefix = 'loky_',
    buckets = BUCKETS,
    name = nameOf(source),
  } = checkOptions(options, checks, 'collectMetrics');
  const ofRegistry = families.get(registry) ?? new Map<string, MetricFamily>();
  families.set(registry, ofRegistry);
  const kind = kindOf(source);
  const key = `${kind} ${prefix}`;
  const family = ofRegistry.get(key) ?? createMetricFamily(kind, registry, prefix, buckets);
  ofRegistry.set(key, family);
  family.add(name, source);
  const dispose = (): void => {
    if (family.remove(name, source)) ofRegistry.delete(key);
  };
  return { dispose, [Symbol.dispose]: dispose };
}

function nameOf(source: MetricsSource): string {
  if ('machineId' in source) return source.machineId;
  return String('on' in source ? source.executorId : source.stats().executorId);
}

function checkRegistry(value: unknown, name: string): void {
  if (typeof (value as Registry | null)?.registerMetric !== 'function')
    throw new TypeError(`${name} must be a Registry of prom-client, got ${describe(value)}`);
}
