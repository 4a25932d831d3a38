/** `loky/metrics`: an executor's figures for Prometheus, through `prom-client`, which the user has installed. */
export {
  type CollectedMetrics,
  collectMetrics,
  type MachineSource,
  type MetricsOptions,
  type MetricsSource,
  type SubmitterSource,
} from './collect-metrics.ts';
