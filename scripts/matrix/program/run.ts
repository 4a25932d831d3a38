/**
 * Runs each case of the corpus of sending through a real executor and reports what became of it. It knows nothing of how
 * it was built, and no test runner.
 */
import { ProcessPoolExecutor } from 'loky';
import { corpus } from '../../../__tests__/long/sending/corpus/index.ts';
import { type Report, writeReports } from './report.ts';

/** Milliseconds for one case: one that hangs is reported by its name. */
const LIMIT = 20_000;

export async function run(): Promise<void> {
  const skips: readonly string[] = JSON.parse(process.env['MATRIX_SKIPS'] ?? '[]');
  const reports: Report[] = [];
  // A case that ends its worker must not fail the cases after it.
  const executor = new ProcessPoolExecutor({ maxWorkers: 1, onWorkerCrash: 'isolate' });
  const submit = executor.submit.bind(executor);
  for (const [of, cases] of Object.entries(corpus)) {
    for (const { name, run: runCase } of cases) {
      const skipped = skips.includes(`${of}: ${name}`);
      reports.push({
        of,
        name,
        ...(skipped ? { became: 'skipped' } : await outcomeOf(() => runCase(submit))),
      });
    }
  }
  await executor.shutdown();
  writeReports(reports);
}

async function outcomeOf(runCase: () => Promise<void>): Promise<Pick<Report, 'became' | 'reason'>> {
  try {
    await withinLimit(runCase());
    return { became: 'same' };
  } catch (error) {
    return { became: 'failed', reason: error instanceof Error ? error.message : String(error) };
  }
}

async function withinLimit(run: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(reject, LIMIT, new Error(`expected to be settled within ${LIMIT} ms`));
  });
  try {
    await Promise.race([run, late]);
  } finally {
    clearTimeout(timer);
  }
}
