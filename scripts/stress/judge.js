/** The questions at the end of a round: did everything settle within its model, and does nothing go on? */
import { readFileSync } from 'node:fs';
import { faultOf, faultOfMap, faultOfPool } from './model.js';

/** In milliseconds. */
const SETTLE_LIMIT = 60_000;
const LATE = Symbol('late');

export async function judge(round) {
  const outcomes = await outcomesOf(round.tasks);
  await judgeReaders(round);
  for (const { ended, executor } of round.pools) {
    if ((await inTime(ended)) === LATE) round.faults.push('a shutdown did not come to its end');
    const { pending, running, workers } = executor.stats();
    if (pending > 0 || running > 0 || workers.length > 0)
      round.faults.push(
        `a pool that was shut down has ${pending} pending and ${running} running tasks, ${workers.length} workers`,
      );
  }
  for (const timer of round.timers) clearTimeout(timer);
  judgeTasks(round, outcomes);
  for (const { history } of round.pools) {
    const fault = faultOfPool(history);
    if (fault !== undefined) round.faults.push(fault);
  }
}

/** A task is late if it is not settled when no other one was for that time, either: a busy machine may need longer for all. */
async function outcomesOf(tasks) {
  const outcomes = tasks.map(({ future }) => settled(future));
  const countDone = () => tasks.filter(({ future }) => future.done()).length;
  let done;
  do done = countDone();
  while ((await inTime(Promise.all(outcomes))) === LATE && countDone() > done);
  return Promise.all(tasks.map(({ future }, index) => (future.done() ? outcomes[index] : LATE)));
}

function judgeTasks({ tasks, faults, file }, outcomes) {
  const runs = new Map();
  for (const line of readFileSync(file, 'utf8').split('\n')) runs.set(line, (runs.get(line) ?? 0) + 1);
  for (const [index, task] of tasks.entries()) {
    const outcome = outcomes[index];
    const fault =
      outcome === LATE
        ? `did not settle: it is ${task.future.state}`
        : faultOf(task, outcome, runs.get(String(task.id)) ?? 0, task.pool.history);
    if (fault === undefined) continue;
    const { jobReducers: _, initializer: __, ...options } = task.pool.history.options;
    faults.push(`task ${task.id} (${task.kind}, ${JSON.stringify(options)}) ${fault}`);
  }
}

/** Those who wait for a map, for several futures, or for workers. */
async function judgeReaders({ maps, followers, prewarmings, faults }) {
  for (const map of maps) {
    const outcome = await inTime(map.read);
    const fault = outcome === LATE ? 'a map did not settle' : faultOfMap({ ...map, outcome });
    if (fault !== undefined) faults.push(fault);
  }
  for (const { wanted, read } of followers) {
    const told = await inTime(read);
    if (told.count !== wanted || told.left !== 0)
      faults.push(`asCompleted told ${told === LATE ? 'too late' : told.count} of ${wanted} futures`);
  }
  for (const prewarming of prewarmings)
    if ((await inTime(prewarming)) === LATE) faults.push('a prewarm did not settle');
}

async function inTime(promise) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, SETTLE_LIMIT, LATE);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

const settled = (future) =>
  future.then(
    (value) => ({ value }),
    (error) => ({ error }),
  );
