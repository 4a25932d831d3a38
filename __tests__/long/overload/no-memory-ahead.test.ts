/** A task for whose bytes there is no memory fails alone, also one that would have been sent ahead of its turn. */
import { expect, test } from '@jest/globals';
import { Dispatcher } from '../../../lib/manager/dispatch/dispatcher.ts';
import type { Fleet } from '../../../lib/manager/fleet/fleet.ts';
import { PoolWorker } from '../../../lib/manager/fleet/pool-worker.ts';
import { Task, type TaskKeeper, type TaskSettings } from '../../../lib/manager/tasks/task.ts';
import type { Definition, Payload } from '../../../lib/sending/index.ts';
import type { WorkerProcess } from '../../../lib/child/child-process.ts';

const PAYLOAD: Payload = { body: new Uint8Array(), views: [] };
const NO_OPTIONS: TaskSettings = {
  timeout: undefined,
  signal: undefined,
  retries: 0,
  mayRetry: false,
  priority: 0,
  name: undefined,
};
const keeper: TaskKeeper = {
  cancelTask: () => false,
  expireTask() {},
  loadLimit: 1_000,
  expireLoading() {},
  hasBegun: () => false,
  taskSettled() {},
};

test('it fails when its turn comes, and those around it are run', async () => {
  const sent: number[] = [];
  const idle: PoolWorker[] = [];
  const worker = new PoolWorker(0, false);
  worker.process = {
    claims: { clear() {}, post: (ids: number[]) => ids.length, takeBack: () => [] },
    marksOutput: false,
    send: (_kind: number, id: number) => sent.push(id),
  } as unknown as WorkerProcess;
  const fleet = {
    workers: new Set([worker]),
    busyCount: 1,
    hasTooMany: false,
    hasIdle: () => idle.length > 0,
    takeIdle: () => idle.pop(),
    provide() {},
  } as unknown as Fleet;
  const failed: unknown[] = [];
  const dispatcher = new Dispatcher(fleet, Number.POSITIVE_INFINITY, {
    onSent() {},
    onUnsendable(task, error) {
      failed.push(error);
      task.fail(error);
    },
  });
  const definition: Definition = { id: 1, payload: PAYLOAD };
  const newTask = (encode: () => Payload): Task =>
    new Task(
      {
        call: { name: 'task', definitions: [definition], encode },
        isChunk: false,
        itemCount: 1,
        settings: NO_OPTIONS,
        submitSite: undefined,
      },
      keeper,
    );
  const isFree = () => {
    worker.state = 'idle';
    idle.push(worker);
    dispatcher.dispatch();
  };

  const first = newTask(() => PAYLOAD);
  dispatcher.add(first);
  isFree();
  dispatcher.takeAnswered(worker, 10); // a short one
  const noMemory = new RangeError('Array buffer allocation failed');
  const [second, third, fourth] = [
    newTask(() => PAYLOAD),
    newTask(() => {
      throw noMemory;
    }),
    newTask(() => PAYLOAD),
  ];
  for (const task of [second, third, fourth]) dispatcher.add(task);
  isFree(); // the second begins, and the third would be sent ahead
  expect([second, third, fourth].map(({ state }) => state)).toEqual(['running', 'pending', 'pending']);
  dispatcher.takeAnswered(worker, 10);
  isFree();
  expect(failed).toEqual([noMemory]);
  expect([third, fourth].map(({ state }) => state)).toEqual(['settled', 'running']);
  expect(await third.future.exception()).toBe(noMemory);
  dispatcher.takeAnswered(worker, 10);
  expect(dispatcher.isEmpty).toBe(true);
});
