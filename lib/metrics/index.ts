/** `loky/metrics`: an executor's figures for Prometheus, through `prom-client`, which the user has installed. */
export { type CollectedMetrics, collectMetrics, type MetricsOptions } from './collect-metrics.ts';
export type { MachineSource, MetricsSource, SubmitterSource } from './sources.ts';
