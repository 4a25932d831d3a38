/** The pools of a round, one after the other: how each is made, resized, replaced and ended. */
import { getReusableExecutor, ProcessPoolExecutor } from 'loky';
import { newHistory } from './model.js';
import { initializer } from './tasks/initializer.js';
import { reducers } from './tasks/reducers.js';

const ends = [{}, {}, { killWorkers: true }, { cancelFutures: true }, { wait: false }];

export const poolOf = ({ pools }) => pools.at(-1);

export function openPool(round, dice) {
  const { initializerMode, ...options } = randomOptions(round, dice);
  const key = dice.chance(0.5) ? `chaos ${round.seed} ${round.pools.length}` : undefined;
  const executor =
    key === undefined
      ? new ProcessPoolExecutor(options)
      : getReusableExecutor({ ...options, key, reuse: false });
  addPool(round, { executor, history: newHistory(options, initializerMode), key });
}

function addPool(round, pool) {
  pool.executor.on('broken', (error) => {
    pool.history.brokenBy = error;
  });
  pool.executor.on('output', () => {});
  round.pools.push({ ...pool, ended: undefined });
}

function randomOptions(round, dice) {
  const onWorkerCrash = dice.pick(['break', 'isolate', 'isolate']);
  const maxWorkers = 1 + dice.below(3);
  const initializerMode = dice.chance(0.2)
    ? dice.pick(['works', 'works', 'works', 'throws', 'exits', 'hangs'])
    : undefined;
  const options = {
    maxWorkers,
    onWorkerCrash,
    crashRetries: onWorkerCrash === 'isolate' && dice.chance(0.4) ? 1 + dice.below(2) : 0,
    spareWorkers: dice.chance(0.2) ? 1 : 0,
    minWorkers: dice.chance(0.2) ? 1 : 0,
    idleTimeout: dice.chance(0.3) ? dice.below(60) : null,
    stdio: dice.pick(['ignore', 'ignore', 'events']),
    initializerMode,
  };
  if (dice.chance(0.2)) options.maxTasksPerWorker = 1 + dice.below(20);
  if (dice.chance(0.1)) options.maxPending = 20 + dice.below(60);
  if (dice.chance(0.1)) options.restartIntensity = { max: 1 + dice.below(4), window: 1000 };
  if (dice.chance(0.5)) options.jobReducers = reducers;
  if (dice.chance(0.1))
    options.memory = { leakThreshold: 2_000_000 + dice.below(20_000_000), checkDelay: 10 };
  else if (dice.below(10) === 0) options.memory = { limit: 4_000_000_000 };
  if (initializerMode !== undefined) {
    options.initializer = initializer;
    options.initArgs = [`${round.file}-starts-${round.pools.length}`, initializerMode, 1 + dice.below(4)];
    if (initializerMode === 'hangs') options.startTimeout = 1000;
  }
  return options;
}

export function endPool(round, options) {
  const pool = poolOf(round);
  pool.history.killed ||= options.killWorkers === true;
  pool.history.cancelled ||= options.cancelFutures === true;
  pool.history.ended = true;
  const first = pool.executor.shutdown(options);
  pool.ended = options.wait === false ? first.then(() => pool.executor.shutdown()) : first;
}

export function endPoolSomehow(round, dice) {
  endPool(round, dice.pick(ends));
}

export function replacePool(round, dice) {
  endPoolSomehow(round, dice);
  openPool(round, dice);
}

export function resize(round, dice) {
  const { key, executor, history } = poolOf(round);
  const maxWorkers = 1 + dice.below(4);
  if (key === undefined) return;
  const same = getReusableExecutor({ key, reuse: true, maxWorkers });
  if (same === executor) return;
  endPool(round, {}); // it broke in this very moment, and was replaced
  addPool(round, { executor: same, history: newHistory(history.options, history.initializerMode), key });
}
