/** Workers that never say what they announced, and workers that never live: nobody waits, nothing spins. */
import { describe, expect, test } from '@jest/globals';
import { createStallWatch } from '../../../lib/child/stall-watch.ts';
import { Backoff, RestartBackoff } from '../../../lib/manager/backoff.ts';
import { isAsleep } from '../../../lib/watchdog/processes.ts';
import { poolsOfEachTest, rejectionOf, square } from '../../executor/pools.ts';
import { waitUntil } from '../../helpers/processes.ts';
import { onFakeClock } from './fake-clock.ts';

const newPool = poolsOfEachTest();

/** The header of a value of one gigabyte that never comes; what the worker answers is taken for it. */
const forgeHeader = (): string => {
  const header = Buffer.alloc(16);
  header.set([0x4c, 18]);
  header.writeUInt32LE(1_000_000_000, 12);
  process.getBuiltinModule('node:fs').writeSync(3, header);
  return 'forged';
};

describe('a worker that announced a frame and sends no more', () => {
  test('is ended, and its task fails with an error that says why', async () => {
    const executor = newPool({ onWorkerCrash: 'isolate', stdio: 'ignore' });
    const error = await rejectionOf(executor.submit(forgeHeader));
    expect(error).toMatchObject({ name: 'TerminatedWorkerError', reason: 'channel' });
    expect(error.message).toMatch(/sent what is not part of the protocol \(it announced more than it sent\)/);
    expect(await executor.submit(square, 3)).toBe(9);
  });

  const watched = (state: { bytes: number; asleep: boolean; midFrame: boolean }) => {
    let stalls = 0;
    const watch = createStallWatch({
      isMidFrame: () => state.midFrame,
      bytesRead: () => state.bytes,
      isAsleep: () => state.asleep,
      onStall: () => {
        stalls += 1;
      },
    });
    return { watch, stalls: () => stalls };
  };

  test('is told apart from one that goes on sending, is busy, or is stopped', async () => {
    const state = { bytes: 0, asleep: true, midFrame: true };
    await onFakeClock(async (pass) => {
      const { watch, stalls } = watched(state);
      watch.start();
      for (let second = 0; second < 60; second += 1) {
        state.bytes += 1;
        await pass(1000);
      }
      state.asleep = false;
      await pass(60_000);
      expect(stalls()).toBe(0);
      state.asleep = true;
      await pass(9000);
      expect(stalls()).toBe(0);
      await pass(2000);
      expect(stalls()).toBe(1);
      await pass(60_000);
      expect(stalls()).toBe(1);
    });
  });

  test('is forgotten when the frame comes to its end', async () => {
    const state = { bytes: 0, asleep: true, midFrame: true };
    await onFakeClock(async (pass, timers) => {
      const { watch, stalls } = watched(state);
      watch.start();
      await pass(5000);
      state.midFrame = false;
      await pass(60_000);
      expect([stalls(), timers()]).toEqual([0, 0]);
    });
  });

  test('a process that runs, or is gone, is not asleep', () => {
    expect([isAsleep(process.pid), isAsleep(2 ** 30)]).toEqual([false, false]);
  });
});

describe('workers that die as soon as they are ready', () => {
  test('are started again after growing pauses, and the pool stays usable', async () => {
    const executor = newPool({
      onWorkerCrash: 'isolate',
      minWorkers: 1,
      stdio: 'ignore',
      initializer: () => {
        setTimeout(() => process.kill(process.pid, 'SIGKILL'), 1);
      },
    });
    const starts: number[] = [];
    executor.on('workerStarted', () => starts.push(performance.now()));
    await rejectionOf(executor.submit(() => new Promise(() => setInterval(() => {}, 1000))));
    const gaps = () => starts.slice(1).map((at, index) => at - (starts[index] as number));
    await waitUntil(() => gaps().some((gap) => gap > 400), 25_000);
    const failure = await rejectionOf(executor.submit(() => new Promise(() => setInterval(() => {}, 1000))));
    expect(failure.name).toBe('TerminatedWorkerError');
  });

  test('are not confused with those that have run a task, or lived for a second', () => {
    const backoff = new RestartBackoff(() => {});
    for (let n = 0; n < 10; n += 1) {
      backoff.noteDeath(5, 1);
      backoff.noteDeath(1000, 0);
      expect(backoff.isOn).toBe(false);
    }
  });

  test('the pause doubles up to half a minute, and ends with one that lives', async () => {
    await onFakeClock(async (pass) => {
      let over = 0;
      const backoff = new RestartBackoff(() => {
        over += 1;
      });
      const dies = (age = 5, tasksDone = 0) => backoff.noteDeath(age, tasksDone);
      for (let n = 0; n < 3; n += 1) dies();
      expect(backoff.isOn).toBe(false);
      for (const expected of [100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]) {
        dies();
        await pass(expected - 1);
        expect(backoff.isOn).toBe(true);
        await pass(1);
        expect(backoff.isOn).toBe(false);
      }
      expect(over).toBe(11);
      dies(2000);
      dies();
      expect(backoff.isOn).toBe(false);
    });
  });
});

test('the pause after a shortage doubles up to five seconds, and is short again after a start', async () => {
  await onFakeClock(async (pass, timers) => {
    const backoff = new Backoff({ first: 100, longest: 5_000, onOver() {} });
    for (const expected of [100, 200, 400, 800, 1600, 3200, 5000, 5000]) {
      backoff.begin();
      backoff.begin();
      await pass(expected - 1);
      expect(backoff.isOn).toBe(true);
      await pass(1);
      expect(backoff.isOn).toBe(false);
    }
    backoff.reset();
    backoff.begin();
    await pass(100);
    expect(backoff.isOn).toBe(false);
    backoff.begin();
    backoff.stop();
    expect([backoff.isOn, timers()]).toEqual([false, 0]);
  });
});
