/** Measures files in worker processes. Each file is a task of its own: if one fails, the others do not notice. */
import { asCompleted, type Future, ProcessPoolExecutor } from 'loky';
import type { InputFile } from '../find-files.ts';
import type { Failure } from '../report/report.ts';
import type { Span } from '../timeline/record.ts';
import { recordTimeline } from '../timeline/record.ts';
import type { Measurement } from './measure-file.ts';
import { measureFileTimed, type TimedMeasurement } from './timed.ts';

/** Milliseconds that a file may take. */
const TIMEOUT = 2_000;
const TIMEOUT_OF_LARGE = 30_000;
const LARGE = 1e6;

export interface PoolResult {
  readonly measurements: readonly Measurement[];
  readonly failures: readonly Failure[];
  readonly spans: readonly Span[];
  /** Milliseconds from the first submit to the last result, the start of the workers included. */
  readonly took: number;
}

export async function measureInPool(
  files: readonly InputFile[],
  maxWorkers: number,
  onDone: (file: InputFile, failed: boolean) => void,
): Promise<PoolResult> {
  const measurements: Measurement[] = [];
  const failures: Failure[] = [];
  await using executor = new ProcessPoolExecutor({ maxWorkers, onWorkerCrash: 'isolate' });
  const timeline = recordTimeline(executor);
  const ordinary = executor.withOptions({ timeout: TIMEOUT });
  // The large ones go first: one that is left for the end would keep a single worker busy.
  const large = executor.withOptions({ timeout: TIMEOUT_OF_LARGE, priority: 1 });

  const startedAt = performance.now();
  const inputs = new Map<Future<TimedMeasurement>, InputFile>();
  for (const file of files) {
    const tasks = file.bytes > LARGE ? large : ordinary;
    inputs.set(tasks.submit(measureFileTimed, file.path), file);
  }
  for await (const future of asCompleted(inputs.keys())) {
    const file = inputs.get(future) as InputFile;
    const error = await future.exception();
    if (error === undefined) {
      const { measurement, ...task } = await future.result();
      measurements.push(measurement);
      timeline.add({ ...task, label: file.path });
    } else failures.push({ path: file.path, error });
    onDone(file, error !== undefined);
  }
  return { measurements, failures, spans: timeline.spans, took: performance.now() - startedAt };
}
