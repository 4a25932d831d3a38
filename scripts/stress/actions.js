/** What a step of a round may do to the newest pool, its tasks and its workers. Each notes it for the model. */
import { asCompleted } from 'loky';
import { noteKilled, noteSubmitted } from './model.js';
import { poolOf, replacePool, resize } from './pools.js';
import { kinds } from './tasks/index.js';

const weights = Object.entries(kinds).map(([name, { weight }]) => [weight, name]);
const ids = { map: 10_000_000, callback: 1_000_000, step: 1_000 };

/** Each is given the round, the dice of its step, and a number that no other task has. */
const actions = [
  [70, submit],
  [10, submitMany],
  [6, (round, dice) => cancel(round, dice, false)],
  [4, (round, dice) => cancel(round, dice, true)],
  [2, abort],
  [2, killWorker],
  [2, stopWorker],
  [3, resize],
  [2, map],
  [1, follow],
  [1, prewarm],
  [1, replacePool],
];

export function act(round, step, dice) {
  const action = dice.weighted(actions);
  if (poolOf(round).history.brokenBy !== undefined) replacePool(round, dice);
  action(round, dice, step * ids.step);
}

function submitMany(round, dice, firstId) {
  for (let left = 1 + dice.below(40); left > 0; left -= 1) submit(round, dice, firstId + left);
}

function submit(round, dice, id) {
  const pool = poolOf(round);
  const kind = dice.weighted(weights);
  const { run, extra, timeout } = kinds[kind];
  const { options } = pool.history;
  const controller = dice.chance(0.1) ? new AbortController() : undefined;
  const task = { id, kind, timeout, controller, pool, retries: options.crashRetries };
  const settings = { priority: dice.chance(0.1) ? dice.below(3) - 1 : 0, name: `${kind} ${id}` };
  if (timeout !== undefined) settings.timeout = timeout;
  if (controller !== undefined) settings.signal = controller.signal;
  if (dice.chance(0.1) && options.onWorkerCrash === 'isolate')
    task.retries = settings.retries = dice.below(3);
  const isPlain = Object.keys(settings).length === 2 && dice.chance(0.7);
  const view = isPlain ? pool.executor : pool.executor.withOptions(settings);
  const withCallback = dice.chance(0.1);
  try {
    task.future = view.submit(run, round.file, id, ...(extra === undefined ? [] : [extra(id)]));
  } catch (error) {
    if (!isExpected(error, pool)) round.faults.push(`submit threw ${error.stack}`);
    return;
  }
  noteSubmitted(pool.history, task);
  round.tasks.push(task);
  if (withCallback) addCallback(round, dice, task);
}

function isExpected(error, { history }) {
  if (error.name === 'QueueFullError') return history.options.maxPending !== undefined;
  return error === history.brokenBy || (error.name === 'ShutdownExecutorError' && history.ended);
}

function addCallback(round, dice, { future, id }) {
  const inCallback = dice.pick([
    submit,
    (round, dice) => cancel(round, dice, false),
    (round, dice) => cancel(round, dice, true),
  ]);
  future.addDoneCallback(() => {
    if (poolOf(round).ended === undefined) inCallback(round, dice, id + ids.callback);
  });
}

function cancel(round, dice, kill) {
  const task = dice.pick(round.tasks.slice(-40));
  if (task === undefined || task.future.done()) return;
  const wasRunning = task.future.running();
  if (!task.future.cancel({ kill })) {
    if (kill && task.future.running())
      round.faults.push(`task ${task.id}: it runs, and cancel({ kill: true }) was false`);
    return;
  }
  task.cancelReturned = true;
  task.cancelledPending = !kill || !wasRunning;
}

function abort(round, dice) {
  const task = dice.pick(round.tasks.filter(({ controller }) => controller !== undefined));
  if (task === undefined) return;
  task.aborted = true;
  task.controller.abort(new Error('aborted'));
}

function someWorker(round, dice) {
  const { executor } = poolOf(round);
  return dice.pick(
    executor.stats().workers.filter(({ pid, state }) => pid !== undefined && state !== 'gone'),
  );
}

function killWorker(round, dice) {
  const worker = someWorker(round, dice);
  if (worker === undefined) return;
  noteKilled(poolOf(round).history, worker);
  signal(worker.pid, dice.pick(['SIGKILL', 'SIGTERM', 'SIGSEGV']));
}

function stopWorker(round, dice) {
  const worker = someWorker(round, dice);
  if (worker === undefined) return;
  const { executor } = poolOf(round);
  signal(worker.pid, 'SIGSTOP');
  const timer = setTimeout(() => {
    if (executor.stats().workers.some(({ pid }) => pid === worker.pid)) signal(worker.pid, 'SIGCONT');
    round.timers.delete(timer);
  }, dice.below(300));
  round.timers.add(timer);
}

/** Its exit may just not have been seen. */
function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch {}
}

/** Read to its end, or left early. */
function map(round, dice, firstId) {
  const pool = poolOf(round);
  const inputs = Array.from({ length: 1 + dice.below(60) }, (_, index) => ids.map + firstId + index);
  const options = { chunkSize: 1 + dice.below(8) };
  if (dice.chance(0.7)) options.bufferSize = 1 + dice.below(6);
  if (dice.chance(0.3)) options.timeout = 50 + dice.below(500);
  const wanted = dice.chance(0.5) ? dice.below(inputs.length) : inputs.length;
  const { file } = round;
  const run = (id) => kinds.short.run(file, id);
  try {
    const results = pool.executor.map(run, inputs, options);
    const expected = inputs.map((id) => id * 2);
    round.maps.push({ pool, expected, timeout: options.timeout, read: readSome(results, wanted) });
  } catch (error) {
    if (!isExpected(error, pool)) round.faults.push(`map threw ${error.stack}`);
  }
}

async function readSome(results, wanted) {
  const values = [];
  try {
    for await (const value of results) {
      values.push(value);
      if (values.length >= wanted) break;
    }
    return { values, failed: false };
  } catch (error) {
    return { values, error, failed: true };
  }
}

/** Whoever follows futures is told of each of them once. */
function follow(round) {
  const futures = new Set(round.tasks.slice(-30).map(({ future }) => future));
  const read = async () => {
    let count = 0;
    for await (const future of asCompleted([...futures]))
      if (futures.delete(future) && future.done()) count += 1;
    return { count, left: futures.size };
  };
  round.followers.push({ wanted: futures.size, read: read() });
}

function prewarm(round, dice) {
  const settled = poolOf(round)
    .executor.prewarm(1 + dice.below(3))
    .catch((error) => error);
  round.prewarmings.push(settled);
}
