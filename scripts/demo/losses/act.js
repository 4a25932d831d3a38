/** Act 3: a crash, a hang, a leak and a runaway of memory among other tasks, and what is left of it all. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ProcessPoolExecutor } from 'loky';
import { megabytes } from '../text.js';
import { descendants, isRunning } from './processes.js';
import { crash, hang, hashFile, leak, runaway } from './tasks.js';

/** Of the task that hangs. The others may take long on a busy machine. */
const TIMEOUT = 1_000;
const TIMEOUT_OF_OTHERS = 30_000;
const LEAK = 200e6;
const LEAK_THRESHOLD = 100e6;
const MEMORY_LIMIT = 600e6;
/** Processes that were ended need a moment to be gone. */
const TIME_TO_GO = 2_000;
/** Between two looks at which processes there are. */
const PACE = 50;

const GOLDEN_RATIO = (Math.sqrt(5) - 1) / 2;

const faults = [
  { kind: 'crash', run: crash, args: [], does: 'ends its own process with SIGSEGV' },
  {
    kind: 'hang',
    run: hang,
    args: [],
    timeout: TIMEOUT,
    does: `starts a program and never returns; it may take ${TIMEOUT / 1000} s`,
  },
  {
    kind: 'leak',
    run: leak,
    args: [LEAK],
    does: `keeps ${LEAK / 1e6} MB in its process; ${LEAK_THRESHOLD / 1e6} MB are allowed`,
  },
  {
    kind: 'runaway',
    run: runaway,
    args: [],
    does: `takes memory without end; ${MEMORY_LIMIT / 1e6} MB are allowed`,
  },
];

export async function actOfLosses({ files, tasks, workers }) {
  const seen = watchProcesses();
  const recycled = [];
  const executor = new ProcessPoolExecutor({
    maxWorkers: workers,
    onWorkerCrash: 'isolate',
    memory: { leakThreshold: LEAK_THRESHOLD, checkDelay: 100, limit: MEMORY_LIMIT },
    stdio: 'ignore',
  });
  executor.on('workerReady', ({ pid }) => seen.pids.add(pid));
  executor.on('workerRecycled', (event) => recycled.push(event));
  const startedAt = performance.now();
  const ends = await Promise.all(planOf(files, tasks).map((task) => endOf(executor, task)));
  await executor.shutdown();
  const took = performance.now() - startedAt;
  return { took, workers, tasks: ends.map((end) => outcomeOf(end, recycled)), ...(await seen.end()) };
}

/** The faults stand far from each other, in no pattern that is seen. */
function planOf(files, tasks) {
  const plan = Array.from({ length: tasks }, (_, index) => ({
    kind: 'ordinary',
    run: hashFile,
    args: [files[(index * 61) % files.length].path],
  }));
  for (const [index, fault] of faults.entries()) {
    const share = ((index + 1) * GOLDEN_RATIO) % 1;
    plan[Math.floor(share * tasks)] = fault;
  }
  return plan;
}

async function endOf(executor, task) {
  const { kind, run, args, timeout = TIMEOUT_OF_OTHERS } = task;
  const future = executor.withOptions({ name: kind, timeout }).submit(run, ...args);
  const error = await future.exception();
  return { ...task, error, value: error === undefined ? await future : undefined };
}

/** What became of a task, in words, and whether that is what should. */
function outcomeOf({ kind, does, run, args, error, value }, recycled) {
  if (kind === 'ordinary') {
    const isGood = error === undefined && value === run(...args);
    return { kind, isGood, became: error === undefined ? 'answered' : describe(error) };
  }
  const replaced = recycled.find(({ reason }) => reason === 'memory-leak')?.memory;
  if (kind !== 'leak' || error !== undefined)
    return { kind, does, isGood: kind !== 'leak', became: describe(error) };
  const growth =
    replaced && `its worker, grown by ${megabytes(replaced.memory - replaced.reference)}, was replaced`;
  return {
    kind,
    does,
    isGood: replaced !== undefined,
    became: `answered; ${growth ?? 'its worker was not replaced'}`,
  };
}

function describe(error) {
  if (error === undefined) return 'answered, which it should not';
  const { name, signal, reason, memory } = error;
  if (reason === 'memory-limit') return `${name}: ended with ${megabytes(memory)} by the memory limit`;
  if (signal !== undefined) return `${name}: its process was ended by ${signal}`;
  return `${name}: ${error.message.split('\n')[0]}`;
}

/** Notes every process that this one has started, directly or not, from now on. */
function watchProcesses() {
  const before = new Set(descendants());
  const pids = new Set();
  const look = () => {
    for (const pid of descendants()) if (!before.has(pid)) pids.add(pid);
  };
  const timer = setInterval(look, PACE);
  return {
    pids,
    async end() {
      clearInterval(timer);
      look();
      const until = performance.now() + TIME_TO_GO;
      const living = () => [...pids].filter(isRunning);
      while (living().length > 0 && performance.now() < until) await sleep(20);
      return { processes: pids.size, left: living() };
    },
  };
}
