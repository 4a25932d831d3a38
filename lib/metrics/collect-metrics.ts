/**
 * Puts executors into a registry of prom-client and takes them out again. What is measured, and how it is called, is
 * said in metric-family.ts.
 */
import { register as defaultRegistry, type Registry } from 'prom-client';
import type { ProcessPoolExecutor } from '../executor/process-pool-executor.ts';
import { array, type Check, checkOptions, describe, string } from '../options/check.ts';
import { createMetricFamily, type MetricFamily } from './metric-family.ts';

export interface MetricsOptions {
  /** Where the metrics are registered. Default: the registry that prom-client shares (`register`). */
  registry?: Registry;
  /** The value of the label `executor`, which tells several executors apart. Default: the `executorId`. */
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

/** The families of each registry, by prefix. */
const families = new WeakMap<object, Map<string, MetricFamily>>();

/**
 * Makes an executor's figures part of what a registry of prom-client exposes. Several executors may share a registry.
 * The executor is held until `dispose()`.
 *
 * @throws TypeError, RangeError for options that are unknown or of the wrong type.
 * @throws Error if the registry has an executor of this name already.
 */
export function collectMetrics(executor: ProcessPoolExecutor, options?: MetricsOptions): CollectedMetrics {
  const {
    registry = defaultRegistry,
    prefix = 'loky_',
    buckets = BUCKETS,
    name = String(executor.executorId),
  } = checkOptions(options, checks, 'collectMetrics');
  const ofRegistry = families.get(registry) ?? new Map<string, MetricFamily>();
  families.set(registry, ofRegistry);
  const family = ofRegistry.get(prefix) ?? createMetricFamily(registry, prefix, buckets);
  ofRegistry.set(prefix, family);
  family.add(name, executor);
  const dispose = (): void => {
    if (family.remove(name, executor)) ofRegistry.delete(prefix);
  };
  return { dispose, [Symbol.dispose]: dispose };
}

function checkRegistry(value: unknown, name: string): void {
  if (typeof (value as Registry | null)?.registerMetric !== 'function')
    throw new TypeError(`${name} must be a Registry of prom-client, got ${describe(value)}`);
}
