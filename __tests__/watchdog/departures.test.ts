/** Whoever is to go and does not is ended once, by one timer, which goes with the worker. */
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import type { WorkerProcess } from '../../lib/child/child-process.ts';
import { Departures } from '../../lib/manager/fleet/departures.ts';
import { PoolWorker } from '../../lib/manager/fleet/pool-worker.ts';

let kills: number;
let worker: PoolWorker;
const departures = new Departures({ onWorkerEnding() {} });

beforeEach(() => {
  jest.useFakeTimers();
  kills = 0;
  worker = new PoolWorker(0, false);
  worker.state = 'idle';
  worker.process = {
    leave() {},
    kill() {
      kills += 1;
    },
  } as unknown as WorkerProcess;
});

afterEach(() => {
  jest.useRealTimers();
});

test('a worker that is sent home while its own exit is expected leaves no timer behind', () => {
  departures.expectExit(worker);
  departures.sendHome(worker, 'shutdown');
  expect(jest.getTimerCount()).toBe(1);
  departures.ended(worker);
  expect(jest.getTimerCount()).toBe(0);
});

test('one that does not go is killed, for the reason for which it was to go', () => {
  departures.sendHome(worker, 'idle-timeout');
  departures.expectExit(worker);
  jest.runAllTimers();
  expect(kills).toBe(1);
  expect(worker).toMatchObject({ state: 'killed', endReason: 'idle-timeout' });
});
