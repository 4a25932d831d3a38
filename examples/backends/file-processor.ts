/**
 * Runs test suites as a test runner does: every file in a process that no other file has used, several at a time, in
 * order. What a suite does wrong is a result, so that one bad file does not end the `map`.
 */
import { readdirSync } from 'node:fs';
import { ProcessPoolExecutor } from 'loky';

interface Outcome {
  readonly file: string;
  readonly passed: number;
  readonly failures: readonly string[];
}

const folder = new URL('./suites/', import.meta.url);

/** In a worker: every function that the file exports is a test. */
async function runSuite(file: string): Promise<Outcome> {
  const suite = (await import(new URL(file, folder).href)) as Record<string, () => unknown>;
  const failures: string[] = [];
  let passed = 0;
  for (const [name, test] of Object.entries(suite)) {
    try {
      await test();
      passed += 1;
    } catch (error) {
      failures.push(`${name}: ${(error as Error).message.split('\n')[0]}`);
    }
  }
  return { file, passed, failures };
}

await using executor = new ProcessPoolExecutor({
  maxWorkers: 2,
  maxTasksPerWorker: 1,
  onWorkerCrash: 'isolate',
});

let progress = '';
const outcomes = executor.withOptions({ timeout: 30_000 }).map(runSuite, readdirSync(folder).sort(), {
  onProgress: (done, total) => {
    progress = `${done} of ${total} files`;
  },
});
for await (const { file, passed, failures } of outcomes) {
  console.log(`${failures.length === 0 ? '✓' : '✗'} ${file}: ${passed} passed`);
  for (const failure of failures) console.log(`    ${failure}`);
}
console.log(progress);
