/** A worker that is to leave and does not is killed once, by one timer, which goes with the worker. */
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import type { WorkerProcess } from '../../lib/child/child-process.ts';
import { Termination } from '../../lib/manager/termination.ts';
import { PoolWorker } from '../../lib/manager/worker.ts';

let kills: number;
let worker: PoolWorker;
const termination = new Termination({
  owner: { onGraceOver() {}, onTeardownTooSlow() {} },
  events: { onWorkerEnding() {} },
  teardown: undefined,
  teardownTimeout: 5_000,
  leaveIdle() {},
});

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

test('a worker that retires while its own exit is expected leaves no timer behind', () => {
  termination.expectExit(worker);
  termination.retire(worker, 'shutdown');
  expect(jest.getTimerCount()).toBe(1);
  termination.ended(worker);
  expect(jest.getTimerCount()).toBe(0);
});

test('one that does not go is killed, for the reason for which it was to go', () => {
  termination.retire(worker, 'idle-timeout');
  termination.expectExit(worker);
  jest.runAllTimers();
  expect(kills).toBe(1);
  expect(worker).toMatchObject({ state: 'killed', endReason: 'idle-timeout' });
});
