/** How many workers there are, who joins, who leaves, and in which place: decided without a process. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  freeRank,
  missingSpares,
  missingWorkers,
  nextPromotion,
  nextToLeave,
  nextToShare,
  overtakenBy,
  type SharedWorkerView,
  spareRank,
  type WorkerView,
} from '../../lib/manager/scaling.ts';

interface Given extends WorkerView {
  readonly name: string;
}

const STATES = ['booting', 'initializing', 'spare', 'idle', 'busy', 'leaving', 'killed', 'gone'] as const;

function worker(state: (typeof STATES)[number], rank = 0, more: Partial<Given> = {}): Given {
  const reserve = more.reserve ?? state === 'spare';
  const isStarting = state === 'booting' || state === 'initializing';
  return {
    name: `${state} ${rank}`,
    rank,
    state,
    reserve,
    isStarting,
    isActive: (isStarting && !reserve) || state === 'idle' || state === 'busy',
    isRetiring: false,
    hasReplacement: false,
    tasksDone: 0,
    idleSince: 0,
    ...more,
  };
}

const anyWorker = fc
  .record({
    state: fc.constantFrom(...STATES),
    rank: fc.nat(5),
    reserve: fc.boolean(),
    isRetiring: fc.boolean(),
    hasReplacement: fc.boolean(),
    tasksDone: fc.nat(2),
    idleSince: fc.nat(100),
  })
  .map(({ state, rank, reserve, ...more }) =>
    worker(state, rank, { ...more, reserve: state === 'spare' || (reserve && /ing$/.test(state)) }),
  );
const anyWorkers = fc.array(anyWorker, { maxLength: 10 });
const isReserve = ({ reserve, state, isStarting }: WorkerView) =>
  reserve && (isStarting || state === 'spare');

test.each([
  [{ wanted: 3, kept: 0, active: 0, maxWorkers: 2 }, 2],
  [{ wanted: 3, kept: 0, active: 2, maxWorkers: 8 }, 1],
  [{ wanted: 0, kept: 2, active: 1, maxWorkers: 8 }, 1],
  [{ wanted: 0, kept: 4, active: 0, maxWorkers: 2 }, 2], // made smaller than minWorkers
  [{ wanted: 1, kept: 0, active: 3, maxWorkers: 2 }, 0],
])('%j: %i are missing', (numbers, missing) => {
  expect(missingWorkers(numbers)).toBe(missing);
});

describe('ranks', () => {
  test('who is to run tasks gets the first place that nobody has who may run tasks', () => {
    expect(freeRank([], 2)).toBe(0);
    expect(freeRank([worker('busy', 0), worker('booting', 2)], 3)).toBe(1);
    expect(freeRank([worker('busy', 0), worker('idle', 1)], 2)).toBeUndefined();
  });

  test.each(['leaving', 'killed', 'gone', 'spare'] as const)(
    'the place of one that is %s is free',
    (state) => {
      expect(freeRank([worker(state, 0), worker('busy', 1)], 2)).toBe(0);
    },
  );

  test('a spare one gets the first of the places for which fewest are there', () => {
    expect(spareRank([], 1)).toBe(0);
    expect(spareRank([worker('busy', 0)], 1)).toBe(0);
    expect(spareRank([worker('busy', 0)], 3)).toBe(1);
    expect(spareRank([worker('busy', 0), worker('idle', 1), worker('spare', 0)], 2)).toBe(1);
    expect(spareRank([worker('leaving', 0), worker('idle', 1)], 2)).toBe(0);
    const [zero, one, two] = [worker('busy', 0), worker('busy', 1), worker('busy', 2)];
    expect(spareRank([zero, worker('spare', 0), one, two], 3)).toBe(1);
  });

  test('of a pool of a billion are found at once', () => {
    expect([freeRank([worker('busy', 0)], 1e9), spareRank([worker('busy', 0)], 1e9)]).toEqual([1, 1]);
  });

  test('are always those of the pool, and of nobody else that may run tasks', () => {
    const someMax = fc.integer({ min: 1, max: 5 });
    fc.assert(
      fc.property(anyWorkers, someMax, fc.boolean(), (workers, maxWorkers, ranksAreFixed) => {
        const active = workers.filter(({ isActive }) => isActive).map(({ rank }) => rank);
        const inRange = (rank: number) => rank >= 0 && rank < maxWorkers;
        expect(inRange(spareRank(workers, maxWorkers))).toBe(true);
        const free = freeRank(workers, maxWorkers);
        if (free !== undefined) expect([inRange(free), active.includes(free)]).toEqual([true, false]);
        const next = nextPromotion(workers, maxWorkers, ranksAreFixed);
        if (next === undefined) return;
        expect([inRange(next.rank), active.includes(next.rank), isReserve(next.worker)]).toEqual([
          true,
          false,
          true,
        ]);
        if (ranksAreFixed) expect(next.rank).toBe(next.worker.rank);
      }),
    );
  });
});

describe('who joins from the reserve', () => {
  const promoted = (workers: Given[], maxWorkers: number, ranksAreFixed = false) => {
    const next = nextPromotion(workers, maxWorkers, ranksAreFixed);
    return next && [next.worker.name, next.rank];
  };

  test('is the one that is ready, in its own place if that is free', () => {
    const [starting, first, second] = [
      worker('booting', 1, { reserve: true }),
      worker('spare', 0),
      worker('spare', 1),
    ];
    expect(promoted([starting, first, second, worker('busy', 0)], 2)).toEqual(['spare 1', 1]);
    expect(promoted([starting, first, worker('busy', 0)], 2)).toEqual(['spare 0', 1]);
    expect(promoted([starting, worker('busy', 0)], 2)).toEqual(['booting 1', 1]);
    expect(promoted([worker('busy', 0)], 2)).toBeUndefined();
  });

  test('is nobody whose environment is that of another place', () => {
    const [spare, starting] = [worker('spare', 0), worker('booting', 1, { reserve: true })];
    expect(promoted([spare, worker('busy', 0)], 2, true)).toBeUndefined();
    expect(promoted([spare, starting, worker('busy', 0)], 2, true)).toEqual(['booting 1', 1]);
    expect(promoted([spare, worker('killed', 0), worker('busy', 1)], 2, true)).toEqual(['spare 0', 0]);
  });

  test('is nobody while all places are taken', () => {
    expect(promoted([worker('spare', 0), worker('busy', 0)], 1)).toBeUndefined();
  });

  test('a spare one that is ready overtakes one that is awaited, with fixed ranks only in its own place', () => {
    const [spare, zero, one] = [
      worker('booting', 1, { reserve: true }),
      worker('booting', 0),
      worker('booting', 1),
    ];
    expect(overtakenBy(spare, [spare, zero, one], false)).toBe(one);
    expect(overtakenBy(spare, [spare, zero], false)).toBe(zero);
    expect(overtakenBy(spare, [spare, zero], true)).toBeUndefined();
    expect(overtakenBy(spare, [spare, worker('busy', 1)], false)).toBeUndefined();
  });
});

test('spare workers are missing until there are as many, and one more for each that is replaced soon', () => {
  const busy = worker('busy', 0, { hasReplacement: true });
  expect(missingSpares([], 2)).toBe(2);
  expect(missingSpares([worker('spare'), worker('booting', 0, { reserve: true })], 2)).toBe(0);
  expect(missingSpares([busy, worker('spare')], 0)).toBe(0);
  expect(missingSpares([busy], 1)).toBe(2);
  expect(missingSpares([worker('leaving', 0, { hasReplacement: true }), worker('spare')], 0)).toBe(-1);
});

describe('who leaves a pool that is made smaller', () => {
  const used = (rank: number, idleSince: number, tasksDone = 1) =>
    worker('idle', rank, { idleSince, tasksDone });
  const left = (workers: Given[]) => {
    const next = nextToLeave(workers);
    return next && [next.leaves?.name, next.joinsReserve?.name, next.replaced?.name];
  };

  test('is the one that still starts, before all that are ready', () => {
    const all = [
      used(0, 5),
      worker('spare', 0),
      worker('booting', 1),
      worker('booting', 0, { reserve: true }),
    ];
    expect(left(all)).toEqual(['booting 1', undefined, undefined]);
  });

  test('is then a spare one, the last to be ready first; an idle worker takes its place in reserve', () => {
    const spares = [worker('spare', 0), worker('initializing', 1, { reserve: true })];
    expect(left([used(0, 5), used(1, 9), ...spares])).toEqual(['initializing 1', 'idle 0', undefined]);
    expect(left([used(0, 5), worker('spare', 0)])).toEqual(['spare 0', 'idle 0', undefined]);
  });

  test('is then the idle one that was used least lately; one that never ran anything is the first of all', () => {
    expect(left([used(0, 9), used(1, 5)])).toEqual(['idle 1', undefined, undefined]);
    expect(left([used(0, 5), used(1, 9, 0)])).toEqual(['idle 1', undefined, undefined]);
    expect(left([used(0, 5), used(1, 5)])).toEqual(['idle 0', undefined, undefined]);
  });

  test('is no idle one that may replace a busy one which leaves with its answer', () => {
    const retiring = worker('busy', 1, { isRetiring: true });
    expect(left([retiring, used(0, 5)])).toEqual([undefined, 'idle 0', 'busy 1']);
    expect(left([{ ...retiring, hasReplacement: true }, used(0, 5)])).toEqual([
      'idle 0',
      undefined,
      undefined,
    ]);
  });

  test('is nobody while all are busy', () => {
    expect(left([worker('busy', 0), worker('busy', 1), worker('spare', 0)])).toBeUndefined();
  });

  test('nobody who runs something is touched, and each step leaves one fewer', () => {
    fc.assert(
      fc.property(anyWorkers, (workers) => {
        const next = nextToLeave(workers);
        const free = workers.filter(({ isActive, state }) => isActive && state !== 'busy');
        expect(next === undefined).toBe(free.length === 0);
        if (next === undefined) return;
        const gone = [next.leaves, next.joinsReserve].filter((each) => each?.isActive);
        expect(gone).toHaveLength(1);
        expect(free).toContain(gone[0]);
        expect(next.leaves?.state).not.toBe('busy');
      }),
    );
  });
});

describe('who gets a task beside others', () => {
  const busy = (rank: number, taskCount: number, more: Partial<SharedWorkerView> = {}): SharedWorkerView => ({
    rank,
    taskCount,
    state: 'busy',
    reserve: false,
    isStarting: false,
    takesMore: true,
    tasksDone: 0,
    ...more,
  });
  const starting = busy(3, 0, { state: 'booting', isStarting: true });
  const numbers = {
    waiting: 5,
    tasksPerWorker: 4,
    maxTasksPerWorker: Number.POSITIVE_INFINITY,
    maxWorkers: 4,
  };
  const rankOf = (workers: SharedWorkerView[], given: Partial<typeof numbers> = {}) =>
    nextToShare(workers, { ...numbers, ...given })?.rank;

  test.each([
    ['the busy one with the fewest', [busy(0, 3), busy(1, 1), busy(2, 2)], {}, 1],
    ['the first of several with the fewest', [busy(0, 3), busy(1, 1), busy(2, 1)], {}, 1],
    ['none where all are full', [busy(0, 4), busy(1, 4)], {}, undefined],
    [
      'none that is idle: that is not for a task beside others',
      [busy(0, 0, { state: 'idle' })],
      {},
      undefined,
    ],
    ['none that leaves, dies or is crowded', [busy(0, 1, { takesMore: false })], {}, undefined],
    ['none whose place the pool has no more', [busy(0, 3), busy(2, 1)], { maxWorkers: 2 }, 0],
    [
      'none that would pass its share of tasks',
      [busy(0, 1, { tasksDone: 2 })],
      { maxTasksPerWorker: 3 },
      undefined,
    ],
    [
      'none while each task has a worker of its own starting',
      [busy(0, 1), starting],
      { waiting: 1 },
      undefined,
    ],
    ['one for what is left beside those', [busy(0, 1), starting], { waiting: 2 }, 0],
  ])('%s', (_, workers, given, rank) => {
    expect(rankOf(workers, given)).toBe(rank);
  });
});
