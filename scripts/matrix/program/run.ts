/**
 * The program that is built and run in every way: each case of the corpus through a real executor, the outcome into a
 * file. It knows nothing of how it was built, and no test runner.
 */
import { writeFileSync } from 'node:fs';
import { ProcessPoolExecutor } from 'loky';
import { corpus } from '../../../__tests__/long/sending/corpus/index.ts';

/** Milliseconds for one case: one that hangs is reported by its name. */
const LIMIT = 20_000;

interface Failure {
  readonly name: string;
  readonly reason: string;
}

/** Writes `{ passed, skipped, failures }` to the file that `MATRIX_REPORT` names. */
export async function runCorpus(): Promise<void> {
  const file = process.env['MATRIX_REPORT'];
  if (file === undefined)
    throw new Error('Expected MATRIX_REPORT to name a file; start this with `npm run test:matrix`.');
  const skips: readonly string[] = JSON.parse(process.env['MATRIX_SKIPS'] ?? '[]');
  let passed = 0;
  let skipped = 0;
  const failures: Failure[] = [];
  // A case that ends its worker must not fail the cases after it.
  const executor = new ProcessPoolExecutor({ maxWorkers: 1, onWorkerCrash: 'isolate' });
  const submit = executor.submit.bind(executor);
  for (const [topic, cases] of Object.entries(corpus)) {
    for (const { name: short, run } of cases) {
      const name = `${topic}: ${short}`;
      if (skips.includes(name)) {
        skipped += 1;
        continue;
      }
      try {
        await withinLimit(run(submit));
        passed += 1;
      } catch (error) {
        failures.push({ name, reason: textOf(error) });
      }
    }
  }
  await executor.shutdown();
  writeFileSync(file, JSON.stringify({ passed, skipped, failures }));
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

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
