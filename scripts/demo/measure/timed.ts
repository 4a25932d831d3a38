/** What the workers run: a measurement, with who did it and when, for the timeline. */
import { type Measurement, measureFile } from './measure-file.ts';

export interface TimedMeasurement {
  readonly measurement: Measurement;
  readonly pid: number;
  /** Milliseconds since 1970, with fractions: clocks of different processes can be compared. */
  readonly startedAt: number;
  readonly endedAt: number;
}

export function measureFileTimed(path: string): TimedMeasurement {
  const startedAt = now();
  const measurement = measureFile(path);
  return { measurement, pid: process.pid, startedAt, endedAt: now() };
}

export function now(): number {
  return performance.timeOrigin + performance.now();
}
