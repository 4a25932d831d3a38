/**
 * Tasks that fail in every way, each tried again where that makes sense: after a crash and after a timeout, but not
 * after an error of its own.
 */
import { BrokenProcessPool, getReusableExecutor, TimeoutError } from 'loky';

type Behaviour = 'success' | 'error' | 'crash' | 'slow';

const MAX_RETRIES = 2;

async function unreliableTask(taskId: number, behaviour: Behaviour): Promise<string> {
  if (behaviour === 'error') throw new RangeError(`Task ${taskId}: Intentional error`);
  if (behaviour === 'crash') process.exit(1);
  if (behaviour === 'slow') await new Promise((resolve) => setTimeout(resolve, 60_000));
  return `Task ${taskId}: Success`;
}

/** The same numbers in each run. A seed in the host means nothing to a worker: it has its own `Math.random`. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const random = seededRandom(42);
const behaviours: readonly Behaviour[] = ['success', 'error', 'crash', 'slow'];
const drawBehaviour = (): Behaviour => behaviours[Math.floor(random() * behaviours.length)] ?? 'success';

async function runRobustly(taskId: number): Promise<string> {
  for (let attempt = 0; attempt <= MAX_RETRIES; attempt += 1) {
    try {
      // Gives the executor that there is, or a new one if that is broken.
      const executor = getReusableExecutor({ maxWorkers: 2, taskTimeout: 500 });
      const result = await executor.submit(unreliableTask, taskId, drawBehaviour());
      console.log(`✓ ${result}`);
      return result;
    } catch (error) {
      if (error instanceof BrokenProcessPool) {
        console.log(`✗ Task ${taskId}: Pool broken (attempt ${attempt + 1})`);
      } else if (error instanceof TimeoutError) {
        console.log(`✗ Task ${taskId}: Timeout (attempt ${attempt + 1})`);
      } else if (error instanceof RangeError) {
        console.log(`✗ Task ${taskId}: Application error (${error.message})`);
        return `Error: ${error.message}`; // it would only happen again
      } else throw error;
    }
  }
  console.log(`✗ Task ${taskId}: Gave up after ${MAX_RETRIES} retries`);
  return `Failed after ${MAX_RETRIES} retries`;
}

const results = new Map<number, string>();
for (let taskId = 0; taskId < 10; taskId += 1) results.set(taskId, await runRobustly(taskId));

console.log('\nFinal Results:');
for (const [taskId, result] of results) console.log(`Task ${taskId}: ${result}`);
