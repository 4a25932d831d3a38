/** The memory of a worker is looked at often enough to see a leak in time, and not after every task. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createLeakCheck, tasksUntilNextLook } from '../../workers/leak-check.ts';
import { natives } from '../../workers/natives.ts';

const MB = 1e6;
const real = { ...natives };
const fake = natives as unknown as Record<string, unknown>;
let now: number;
let memory: number;
let held: number;
let looks: number;
let told: string[];
let onCollection: () => void;

beforeEach(() => {
  now = 0;
  memory = 50 * MB;
  held = 0;
  looks = 0;
  told = [];
  onCollection = () => {};
  Object.assign(fake, {
    uptime: () => now / 1e3,
    rss: () => {
      looks += 1;
      return memory;
    },
    gc: () => onCollection(), // asked for once; the process of other test files may have Node's own
  });
});
afterEach(() => void Object.assign(fake, real));

const check = () =>
  createLeakCheck(300 * MB, 1_000, {
    held: () => held,
    onGrowth: () => told.push('growth'),
    onUnmeasurable: () => told.push('unmeasurable'),
    onLeak: (figures) => told.push(`leak of ${(figures.memory - figures.reference) / MB}`),
  });

/** @param time Of each, in milliseconds. @param kept By each, in bytes. */
function runTasks(count: number, time: number, kept: number, done: () => void): void {
  for (let left = count; left > 0; left -= 1) {
    now += time;
    memory += kept;
    done();
  }
}

test.each([
  [0.01, 10_000],
  [1, 1_000],
])('tasks of %d ms that keep nothing share looks', (time, count) => {
  runTasks(count, time, 0, check());
  expect(looks).toBeLessThan(count / 15);
});

test.each([1, 3, 50, 150])(
  'a leak of %d MB a task is told when it is there, at most a task later',
  (size) => {
    const done = check();
    for (let tasks = 1; !told.some((line) => line.startsWith('leak')); tasks += 1) {
      runTasks(1, 1, size * MB, done);
      expect(tasks).toBeLessThan(400);
    }
    expect(Number(/[\d.]+/.exec(told.at(-1) ?? '')?.[0])).toBeLessThan(300 + 2 * size);
  },
);

test('what the host shares is no leak, and neither is what it has taken away', () => {
  const done = check();
  runTasks(5, 500, 0, done);
  memory += 1_000 * MB;
  held += 1_000 * MB;
  runTasks(5, 500, 0, done);
  memory -= 1_000 * MB;
  held -= 1_000 * MB;
  runTasks(5, 500, 0, done);
  expect(told).toEqual([]);
  runTasks(1, 500, 400 * MB, done);
  expect(told).toEqual(['leak of 400']);
});

test('slow tasks are looked at after each', () => {
  const done = check();
  runTasks(200, 500, 0, done);
  looks = 0;
  runTasks(1, 500, 1_000 * MB, done);
  expect(told).toHaveLength(1);
});

test('garbage that may not be collected yet costs no look after each task', () => {
  let collections = 0;
  onCollection = () => {
    collections += 1;
    memory = 60 * MB;
  };
  runTasks(10_000, 1, 20 * MB, check());
  expect(collections).toBeLessThan(25);
  expect(looks).toBeLessThan(200);
  expect(told).toEqual([]);
});

test('the next look is due before the bound can be reached, and no later than twice the tasks of the last one', () => {
  expect(tasksUntilNextLook(100, 0, 1)).toBe(2);
  expect(tasksUntilNextLook(100, -5, 40)).toBe(64);
  expect(tasksUntilNextLook(100, 10, 10)).toBe(20);
  expect(tasksUntilNextLook(8, 10, 10)).toBe(4);
  expect(tasksUntilNextLook(0, 10, 10)).toBe(1);
});
