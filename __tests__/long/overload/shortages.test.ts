/**
 * A system that has nothing to spare for a worker: starts are tried again until startTimeout, whatever happens to the
 * pool meanwhile. Most of these starts fail before there is a process, by what the environment's function throws.
 */

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import type { ExecutorOptions } from 'loky';
import { scriptFolder } from '../../executor/host-script.ts';
import { poolsOfEachTest, rejectionOf, runForEver, square } from '../../executor/pools.ts';
import { waitUntil } from '../../helpers/processes.ts';

const newPool = poolsOfEachTest();
const runScript = scriptFolder();

/** No worker can be started as long as there is a code. */
function scarcePool(options: ExecutorOptions = {}, code: string | null = 'EMFILE') {
  const state = { code, tries: 0 };
  const env = () => {
    state.tries += 1;
    if (state.code === null) return {};
    throw Object.assign(new Error(`spawn node ${state.code}`), { code: state.code });
  };
  return { state, executor: newPool({ env, ...options }) };
}

const shortages: unknown[] = [];
const hear = (message: unknown) => shortages.push(message);

describe('with no worker at all', () => {
  test.each(['EAGAIN', 'EMFILE', 'ENFILE', 'ENOMEM'])('a task waits until %s is over', async (code) => {
    const { state, executor } = scarcePool({}, code);
    const [first, second] = [executor.submit(square, 3), executor.submit(square, 4)];
    await waitUntil(() => state.tries === 3, 20_000);
    expect([first.state, executor.stats().pending]).toEqual(['pending', 2]);
    state.code = null;
    expect([await first, await second, await executor.submit(square, 5)]).toEqual([9, 16, 25]);
  });

  test('tasks fail with the reason when startTimeout is over', async () => {
    const { state, executor } = scarcePool({ startTimeout: 500 });
    const begun = performance.now();
    const error = await rejectionOf(executor.submit(square, 3));
    expect(performance.now() - begun).toBeGreaterThan(499);
    expect(error).toMatchObject({
      name: 'WorkerStartupError',
      message: expect.stringMatching(
        /EMFILE; it was tried again for 500 ms \(startTimeout\); the executor is broken/,
      ),
      cause: { code: 'EMFILE' },
    });
    expect(state.tries).toBeGreaterThan(2);
    expect(() => executor.submit(square, 3)).toThrow(error);
  });

  test('prewarm waits, and is told when startTimeout is over', async () => {
    const patient = scarcePool();
    const ready = patient.executor.prewarm();
    await waitUntil(() => patient.state.tries === 2, 20_000);
    patient.state.code = null;
    await ready;
    const { executor } = scarcePool({ startTimeout: 300 });
    expect(await rejectionOf(executor.prewarm())).toMatchObject({ name: 'WorkerStartupError' });
  });

  test.each(['ENOENT', 'EACCES'])('%s is no shortage, and final at once', async (code) => {
    const { state, executor } = scarcePool({ onWorkerCrash: 'isolate' }, code);
    expect(await rejectionOf(executor.submit(square, 3))).toMatchObject({ name: 'WorkerStartupError' });
    expect(state.tries).toBe(1);
  });

  test('a shortage that the worker finds while it boots is waited for, too', async () => {
    let isScarce = true;
    const executor = newPool({
      env: () =>
        isScarce
          ? {
              NODE_OPTIONS:
                '--import=data:text/javascript,process._rawDebug(`pthread_create`);process.exit(1)',
            }
          : {},
    });
    const failed = once(executor, 'workerShortage');
    const future = executor.submit(square, 3);
    await failed;
    isScarce = false;
    expect(await future).toBe(9);
  });
});

describe('in the pause before the next start', () => {
  const pausedPool = async (options: ExecutorOptions = {}) => {
    const { state, executor } = scarcePool(options);
    const heard = once(executor, 'workerShortage');
    const futures = [executor.submit(square, 3), executor.submit(square, 4)] as const;
    const [event] = await heard;
    return { state, executor, futures, event };
  };

  test('cancelled tasks never run, and the others do', async () => {
    const { state, executor, futures } = await pausedPool();
    const abort = new AbortController();
    const aborted = executor.withOptions({ signal: abort.signal }).submit(square, 5);
    expect([futures[0].cancel(), executor.stats().pending]).toEqual([true, 2]);
    abort.abort();
    state.code = null;
    expect([await futures[1], aborted.cancelled()]).toEqual([16, true]);
  });

  test('shutdown finishes what waits', async () => {
    const { state, executor, futures } = await pausedPool();
    const closed = executor.shutdown();
    setTimeout(() => {
      state.code = null;
    }, 150);
    await closed;
    expect(futures.map((future) => future.done())).toEqual([true, true]);
    expect(await Promise.all(futures)).toEqual([9, 16]);
  });

  test('shutdown ends in the end though the shortage never does', async () => {
    const { executor, futures } = await pausedPool({ startTimeout: 300 });
    await executor.shutdown();
    expect((await Promise.all(futures.map(rejectionOf))).map(({ name }) => name)).toEqual(
      Array(2).fill('WorkerStartupError'),
    );
  });

  test.each([
    [{ killWorkers: true }, 'ShutdownExecutorError'],
    [{ cancelFutures: true }, 'CancelledError'],
  ])('shutdown(%j) ends at once, and nothing is started after it', async (how, name) => {
    const { state, executor, futures } = await pausedPool();
    await executor.shutdown(how);
    for (const future of futures) expect(await rejectionOf(future)).toMatchObject({ name });
    const { tries } = state;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(state.tries).toBe(tries);
  });

  test('nothing is tried again for tasks that were cancelled, and the next one waits as long as they would have', async () => {
    const { state, executor, futures } = await pausedPool({ startTimeout: 400 });
    for (const future of futures) future.cancel();
    await waitUntil(() => executor.stats().shortage === undefined, 20_000);
    const { tries } = state;
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(state.tries).toBe(tries);
    const next = executor.submit(square, 6);
    await waitUntil(() => state.tries > tries + 1, 20_000);
    state.code = null;
    expect(await next).toBe(36);
  });

  test('submits start nothing', async () => {
    const { state, executor } = await pausedPool();
    const { tries } = state;
    for (let n = 0; n < 20; n += 1) executor.submit(square, n);
    await new Promise((resolve) => setImmediate(resolve));
    expect(state.tries).toBe(tries);
  });

  test('it is told by an event, a channel, stats() and one warning', async () => {
    const warnings: unknown[] = [];
    const emitWarning = process.emitWarning;
    process.emitWarning = ((text: unknown) => warnings.push(text)) as typeof process.emitWarning;
    subscribe('loky:worker:shortage', hear);
    try {
      const { state, executor, futures, event } = await pausedPool();
      const { executorId } = executor;
      const error = expect.objectContaining({ name: 'WorkerStartupError' });
      expect(event).toEqual({ executorId, error, failures: 1, pause: 100 });
      expect(executor.stats().shortage).toEqual({
        since: expect.any(Number),
        failures: expect.any(Number),
        error,
      });
      await once(executor, 'workerShortage');
      state.code = null;
      await futures[0];
      expect(executor.stats().shortage).toBeUndefined();
      expect(shortages.slice(0, 2)).toMatchObject([{ pause: 100 }, { pause: 200 }]);
      expect(warnings).toEqual([expect.stringMatching(/^Workers cannot be started for now\. .*EMFILE/)]);
    } finally {
      process.emitWarning = emitWarning;
      unsubscribe('loky:worker:shortage', hear);
    }
  });
});

describe('with other workers', () => {
  test('tasks run on those that there are, for longer than startTimeout, and on more when there are more', async () => {
    const { state, executor } = scarcePool({ maxWorkers: 2, startTimeout: 1_000 }, null);
    await executor.submit(square, 2);
    state.code = 'EAGAIN';
    const [long, waiting] = [executor.submit(runForEver), executor.submit(square, 4)];
    await waitUntil(() => state.tries >= 6, 20_000); // the next one is tried after more than startTimeout
    expect([long.state, waiting.state]).toEqual(['running', 'pending']);
    state.code = null;
    expect(await waiting).toBe(16);
    long.cancel({ kill: true });
  });

  test('spare workers and minWorkers come when they can, and break nothing before', async () => {
    const { state, executor } = scarcePool(
      { maxWorkers: 2, minWorkers: 2, spareWorkers: 1, startTimeout: 3_000 },
      null,
    );
    executor.once('workerStarted', () => {
      state.code = 'ENOMEM';
    });
    expect(await executor.submit(square, 3)).toBe(9);
    expect(executor.stats().workers).toHaveLength(1);
    await once(executor, 'workerShortage');
    state.code = null;
    const states = () => executor.stats().workers.map((each) => each.state);
    await waitUntil(() => states().sort().join() === 'idle,idle,spare', 20_000);
  });
});

test('a pause keeps no program alive, and one that nobody waits for breaks no pool', async () => {
  const { ended } = runScript(`
    let isScarce = true;
    const env = () => {
      if (isScarce) throw Object.assign(new Error('EMFILE'), { code: 'EMFILE' });
      return {};
    };
    const executor = new ProcessPoolExecutor({ maxWorkers: 1, minWorkers: 1, startTimeout: 5_000, onWorkerCrash: 'isolate', env });
    const future = executor.submit(() => 1);
    await new Promise((resolve) => executor.once('workerShortage', resolve));
    say(future.cancel());
    await sleep(200);
    say(executor.stats().shortage.failures > 1); // minWorkers are tried again
    const again = executor.submit(() => 2);
    isScarce = false;
    say(await again);
    isScarce = true;
    process.kill(executor.stats().workers[0].pid, 'SIGKILL');
  `);
  expect(await ended).toMatchObject({ code: 0, said: [true, true, 2] });
});
