/**
 * Full load: a pool that never runs out of mixed tasks, one in a hundred of which ends its worker. It counts what
 * became of them and samples nothing.
 */
import { ProcessPoolExecutor } from 'loky';

const CRASHES = 0.01;
/** Tasks that wait, for each worker: enough that none is idle, few enough that they cost no memory. */
const BACKLOG = 20;

/** By weight; each stands by itself. */
const tasks = [
  [60, (n) => n * 2],
  [10, (n) => new Promise((resolve) => setTimeout(resolve, n % 5, n))],
  [
    10,
    (n) => {
      const end = performance.now() + (n % 5);
      while (performance.now() < end);
      return n;
    },
  ],
  [5, (n) => new Uint8Array(100_000).fill(n % 256)],
  [5, (n) => Array.from({ length: 500 }, (_, index) => ({ index, text: `item ${n}` }))],
  [5, (n) => Promise.reject(new RangeError(`on purpose ${n}`))],
  [5, (_, bytes) => bytes.length],
];

const crashes = [() => process.exit(7), () => process.kill(process.pid, 'SIGKILL'), () => process.abort()];

/** Starts the load. `stop` waits until everything is settled and gone. */
export function startLoad(workers) {
  const executor = new ProcessPoolExecutor({
    maxWorkers: workers,
    onWorkerCrash: 'isolate',
    stdio: 'ignore',
    maxTasksPerWorker: 10_000,
  });
  const counts = { submitted: 0, values: 0, errors: 0, crashes: 0, unexpected: 0 };
  const bytes = Buffer.alloc(50_000, 1);
  let isOver = false;
  let pending = 0;
  let onDrained = () => {};

  function fill() {
    while (!isOver && pending < BACKLOG * workers) submit();
    if (isOver && pending === 0) onDrained();
  }

  function submit() {
    counts.submitted += 1;
    pending += 1;
    const crashing = Math.random() < CRASHES;
    const future = crashing ? executor.submit(pick(crashes)) : submitMixed();
    future.addDoneCallback(async () => {
      await note(future, crashing);
      pending -= 1;
      fill();
    });
  }

  function submitMixed() {
    const run = weighted(tasks);
    const n = counts.submitted;
    // A part of them goes the way of tasks with options: a clock, a signal.
    const view =
      n % 10 === 0
        ? executor.withOptions({ timeout: 60_000, signal: new AbortController().signal })
        : executor;
    return run.length === 2 ? view.submit(run, n, bytes) : view.submit(run, n);
  }

  async function note(future, crashing) {
    const error = await future.exception();
    if (error === undefined) counts.values += 1;
    else if (error.name === 'RangeError') counts.errors += 1;
    else if (error.name === 'TerminatedWorkerError' && crashing) counts.crashes += 1;
    else {
      counts.unexpected += 1;
      console.error(error);
    }
  }

  fill();
  return {
    counts,
    async stop() {
      isOver = true;
      if (pending > 0)
        await new Promise((resolve) => {
          onDrained = resolve;
        });
      await executor.shutdown();
    },
  };
}

const pick = (list) => list[Math.floor(Math.random() * list.length)];

function weighted(entries) {
  let left = Math.random() * entries.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, value] of entries) {
    left -= weight;
    if (left < 0) return value;
  }
  return entries[0][1];
}
