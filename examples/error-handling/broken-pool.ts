/**
 * A worker crashes. By default (loky's rule) that breaks the whole pool: every task that is not finished fails with
 * the same error, and so does every later submit, until there is a new executor.
 */
import { BrokenProcessPool, getReusableExecutor } from 'loky';

/** Crashes its worker for 3; takes long for 4. */
async function problematicTask(x: number): Promise<number> {
  if (x === 3) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    process.exit(1);
  }
  if (x === 4) await new Promise((resolve) => setTimeout(resolve, 60_000));
  return x * 2;
}

const executor = getReusableExecutor({ maxWorkers: 2 });
const futures = [0, 1, 2, 3, 4].map((x) => executor.submit(problematicTask, x));

for (const [x, future] of futures.entries()) {
  try {
    console.log(`Task ${x}: ${await future}`);
  } catch (error) {
    if (!(error instanceof BrokenProcessPool)) throw error;
    console.log(`Task ${x} failed: ${error.name}, ${error.code}`);
  }
}

const error = (await futures[4]?.exception()) as Error;
console.log(`Process pool broken: ${error.message}`);
console.log(`The same error for all of them: ${error === (await futures[3]?.exception())}`);

console.log('Creating new executor...');
const newExecutor = getReusableExecutor({ maxWorkers: 2 });
console.log(`Another one: ${newExecutor !== executor}`);
console.log(`Task 5: ${await newExecutor.submit(problematicTask, 5)}`);
