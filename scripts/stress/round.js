/**
 * One round of chaos: a random schedule on a few pools, one after the other, and then the question whether every
 * promise was kept. The same seed gives the same schedule; what it meets depends on the moment.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { getReusableExecutor, ProcessPoolExecutor } from 'loky';
import { faultOf, faultOfPool, newHistory, noteKilled, noteSubmitted } from './model.js';
import { createDice } from './random.js';
import { remainsSince, takeStock } from './remains.js';
import { kinds } from './tasks.js';

const SETTLE_LIMIT = 30_000;
const SHUTDOWN_LIMIT = 20_000;

/** @returns {Promise<{ tasks: number, faults: string[] }>} */
export async function runRound(seed) {
  const before = takeStock();
  const folder = mkdtempSync(join(tmpdir(), 'loky-chaos-'));
  const file = join(folder, 'runs');
  writeFileSync(file, '');
  const dice = createDice(seed);
  const round = { seed, dice, file, tasks: [], pools: [], stopped: new Set(), faults: [] };
  openPool(round);
  for (let left = 40 + dice.below(80); left > 0; left -= 1) {
    await act(round);
    if (dice.chance(0.3)) await sleep(dice.below(20));
  }
  endPool(round, dice.pick([{}, {}, { killWorkers: true }, { cancelFutures: true }, { wait: false }]));
  await judge(round);
  rmSync(folder, { recursive: true, force: true });
  round.faults.push(...(await remainsSince(before)));
  return { tasks: round.tasks.length, faults: round.faults };
}

function openPool(round) {
  const { dice } = round;
  const onWorkerCrash = dice.pick(['break', 'isolate', 'isolate']);
  const options = {
    maxWorkers: 1 + dice.below(3),
    onWorkerCrash,
    crashRetries: onWorkerCrash === 'isolate' && dice.chance(0.4) ? 1 + dice.below(2) : 0,
    spareWorkers: dice.chance(0.2) ? 1 : 0,
    minWorkers: 0,
    idleTimeout: dice.chance(0.3) ? dice.below(60) : null,
    ...(dice.chance(0.2) ? { maxTasksPerWorker: 1 + dice.below(20) } : {}),
    stdio: dice.pick(['ignore', 'ignore', 'events']),
  };
  const key = dice.chance(0.5) ? `chaos ${round.seed} ${round.pools.length}` : undefined;
  const executor =
    key === undefined
      ? new ProcessPoolExecutor(options)
      : getReusableExecutor({ ...options, key, reuse: false });
  const history = newHistory(options);
  executor.on('broken', (error) => {
    history.brokenBy = error;
  });
  round.pools.push({ executor, history, key, ended: undefined });
}

const poolOf = ({ pools }) => pools.at(-1);

function endPool(round, options) {
  const pool = poolOf(round);
  pool.history.killed ||= options.killWorkers === true;
  pool.history.cancelled ||= options.cancelFutures === true;
  const first = pool.executor.shutdown(options);
  pool.ended = options.wait === false ? first.then(() => pool.executor.shutdown()) : first;
}

const actions = [
  [70, submit],
  [6, (round) => cancel(round, false)],
  [4, (round) => cancel(round, true)],
  [2, abort],
  [2, killWorker],
  [2, stopWorker],
  [3, resize],
  [1, replacePool],
];

async function act(round) {
  if (poolOf(round).history.brokenBy !== undefined) replacePool(round);
  const action = round.dice.weighted(actions);
  const times = action === submit && round.dice.chance(0.2) ? round.dice.below(40) : 1;
  for (let left = times; left > 0; left -= 1) action(round);
}

function submit(round) {
  const { dice, tasks, file } = round;
  const pool = poolOf(round);
  const kind = dice.weighted(Object.entries(kinds).map(([name, { weight }]) => [weight, name]));
  const { run, extra, timeout } = kinds[kind];
  const controller = dice.chance(0.1) ? new AbortController() : undefined;
  const task = { id: tasks.length, kind, timeout, controller, pool };
  const settings = { priority: dice.chance(0.1) ? dice.below(3) - 1 : 0, name: `${kind} ${task.id}` };
  if (timeout !== undefined) settings.timeout = timeout;
  if (controller !== undefined) settings.signal = controller.signal;
  const plain = timeout === undefined && controller === undefined && dice.chance(0.7);
  const view = plain ? pool.executor : pool.executor.withOptions(settings);
  try {
    task.future = view.submit(run, file, task.id, ...(extra === undefined ? [] : [extra()]));
  } catch (error) {
    if (error !== pool.history.brokenBy && error.name !== 'ShutdownExecutorError') {
      round.faults.push(`submit threw ${error.stack}`);
    }
    return;
  }
  noteSubmitted(pool.history, task);
  tasks.push(task);
  if (dice.chance(0.1)) addCallback(round, task.future);
}

function addCallback(round, future) {
  const inCallback = round.dice.pick([submit, (each) => cancel(each, false), (each) => cancel(each, true)]);
  future.addDoneCallback(() => {
    if (poolOf(round).ended === undefined) inCallback(round);
  });
}

function cancel(round, kill) {
  const task = round.dice.pick(round.tasks.slice(-40));
  if (task?.future === undefined || task.future.done()) return;
  const wasRunning = task.future.running();
  if (!task.future.cancel({ kill })) {
    if (kill && task.future.running())
      round.faults.push(`task ${task.id}: it runs, and cancel({ kill: true }) was false`);
    return;
  }
  task.cancelReturned = true;
  task.cancelledPending = !kill || !wasRunning;
}

function abort(round) {
  const task = round.dice.pick(round.tasks.filter(({ controller }) => controller !== undefined));
  if (task === undefined) return;
  task.aborted = true;
  task.controller.abort(new Error('aborted'));
}

function someWorker(round) {
  const { executor } = poolOf(round);
  return round.dice.pick(
    executor.stats().workers.filter(({ pid, state }) => pid !== undefined && state !== 'gone'),
  );
}

function killWorker(round) {
  const worker = someWorker(round);
  if (worker === undefined) return;
  noteKilled(poolOf(round).history, worker);
  signal(worker.pid, round.dice.pick(['SIGKILL', 'SIGTERM', 'SIGSEGV']));
}

function stopWorker(round) {
  const worker = someWorker(round);
  if (worker === undefined) return;
  const { executor } = poolOf(round);
  signal(worker.pid, 'SIGSTOP');
  const timer = setTimeout(() => {
    if (executor.stats().workers.some(({ pid }) => pid === worker.pid)) signal(worker.pid, 'SIGCONT');
    round.stopped.delete(timer);
  }, round.dice.below(300));
  round.stopped.add(timer);
}

/** Its exit may just not have been seen. */
function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch {}
}

function resize(round) {
  const { key, executor } = poolOf(round);
  if (key === undefined) return;
  const same = getReusableExecutor({ key, reuse: true, maxWorkers: 1 + round.dice.below(4) });
  if (same === executor) return;
  // It broke in this very moment, and was replaced.
  endPool(round, {});
  round.pools.push({
    executor: same,
    history: newHistory(poolOf(round).history.options),
    key,
    ended: undefined,
  });
  const { history } = poolOf(round);
  same.on('broken', (error) => {
    history.brokenBy = error;
  });
}

function replacePool(round) {
  endPool(round, round.dice.pick([{}, { killWorkers: true }, { cancelFutures: true }, { wait: false }]));
  openPool(round);
}

async function judge(round) {
  const { pools, tasks, faults, file } = round;
  const [outcomes] = await Promise.all([
    Promise.all(tasks.map(({ future }) => within(SETTLE_LIMIT, settled(future)))),
    ...pools.map(async ({ ended }) => {
      if ((await within(SHUTDOWN_LIMIT, ended)) === LATE) faults.push('a shutdown did not come to its end');
    }),
  ]);
  for (const timer of round.stopped) clearTimeout(timer);
  const runs = new Map();
  for (const line of readFileSync(file, 'utf8').split('\n')) runs.set(line, (runs.get(line) ?? 0) + 1);
  for (const [index, task] of tasks.entries()) {
    const outcome = outcomes[index];
    const fault =
      outcome === LATE
        ? `did not settle: it is ${task.future.state}`
        : faultOf(task, outcome, runs.get(String(task.id)) ?? 0, task.pool.history);
    if (fault !== undefined)
      faults.push(`task ${task.id} (${task.kind}, ${JSON.stringify(task.pool.history.options)}) ${fault}`);
  }
  for (const { history } of pools) {
    const fault = faultOfPool(history);
    if (fault !== undefined) faults.push(fault);
  }
}

const LATE = Symbol('late');

async function within(ms, promise) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, ms, LATE);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

const settled = (future) =>
  future.then(
    (value) => ({ value }),
    (error) => ({ error }),
  );
