/**
 * The crash matrix: every stage of a task × every way to fail that makes sense there × both crash rules × submitted
 * directly and from a done-callback, with a neighbour in flight and six tasks that wait. What must become of
 * everybody is computed from the outcome table (matrix/expected.ts), not written down case by case.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import type { Executor, Future, ProcessPoolExecutor } from 'loky';
import { type CrashRule, type Expected, expectedOf, type Outcome } from './matrix/expected.ts';
import {
  closePool,
  closeRestingPools,
  type MatrixPool,
  openPool,
  returnPool,
  takePool,
} from './matrix/pools.ts';
import { lingering, makesSense, type Stage, stages } from './matrix/stages.ts';
import { isEndless, type Way, ways } from './matrix/ways.ts';

type Route = 'directly' | 'from a done-callback';

/** In milliseconds. */
const SETTLE_LIMIT = 15_000;
const TASK_TIMEOUT = 400;
const START_TIMEOUT = 1_500;

const rules: readonly CrashRule[] = ['break', 'isolate'];
const routes: readonly Route[] = ['directly', 'from a done-callback'];
const folder = mkdtempSync(join(tmpdir(), 'loky-matrix-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let cases = 0;

interface Futures {
  readonly neighbour: Future<string>;
  readonly victim: Future<unknown>;
  readonly successor: Future<unknown> | undefined;
  readonly queued: readonly Future<number>[];
}

const double = (n: number): number => n * 2;
const untilFileExists = async (file: string): Promise<string> => {
  const { existsSync } = process.getBuiltinModule('node:fs');
  while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 5));
  return 'released';
};

/** What became of it; a future that does not settle in time is what this file is about. */
async function outcomeOf(future: Future<unknown>, who: string): Promise<Outcome> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(reject, SETTLE_LIMIT, new Error(`${who} did not settle: it is ${future.state}`));
  });
  const outcome = future.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  return Promise.race([outcome, late]).finally(() => clearTimeout(timer));
}

/** Resolves when the victim and those who wait behind it are submitted. */
function submitAll(
  executor: ProcessPoolExecutor,
  stage: Stage,
  way: Way,
  trigger: Pick<Executor, 'submit'> | undefined,
  release: string,
): Promise<Futures> {
  const neighbour = executor.submit(untilFileExists, release);
  const limited = executor.withOptions(isEndless(way) ? { timeout: TASK_TIMEOUT } : {});
  const launch = (): Futures => ({
    neighbour,
    victim: stage.submit(limited, way),
    successor: stage.name === 'what it left behind' ? limited.submit(lingering) : undefined,
    queued: [1, 2, 3, 4, 5, 6].map((n) => executor.submit(double, n)),
  });
  if (trigger === undefined) return Promise.resolve(launch());
  return new Promise((resolve) => {
    trigger.submit(double, 0).addDoneCallback(() => resolve(launch()));
  });
}

async function runCase(stage: Stage, way: Way, rule: CrashRule, route: Route): Promise<void> {
  cases += 1;
  const release = join(folder, `release-${cases}`);
  const isInitializer = stage.name === 'the initializer';
  // With an initializer that fails, no task of the same pool is ever done whose callback could submit.
  const other = isInitializer && route !== 'directly' ? await takePool(rule) : undefined;
  const pool = isInitializer
    ? openPool(rule, {
        initializer: way.misbehave,
        ...(isEndless(way) ? { startTimeout: START_TIMEOUT } : {}),
      })
    : await takePool(rule);
  const expected = expectedOf(stage, way, rule);
  const trigger = route === 'directly' ? undefined : (other ?? pool).executor;
  const futures = await submitAll(pool.executor, stage, way, trigger, release);
  if (other !== undefined) returnPool(other);
  const { neighbour, victim, successor } = futures;
  const outcome = await outcomeOf(victim, 'the victim');
  const next = successor && (await outcomeOf(successor, 'its successor'));
  if (!expected.isBroken) expect(neighbour.done()).toBe(false);
  writeFileSync(release, '');
  expect(outcome).toEqual(expected.victim);
  if (next !== undefined) expect(next).toEqual(expected.successor);
  await (expected.isBroken ? expectBroken : expectWell)(pool, futures, expected);
}

/** Everybody failed with the same error, and so does whoever comes later. */
async function expectBroken(
  pool: MatrixPool,
  { neighbour, victim, successor, queued }: Futures,
  expected: Expected,
): Promise<void> {
  const failed = successor ?? victim;
  const { error } = (await outcomeOf(failed, 'the one that broke it')) as { error: unknown };
  expect({ error }).toEqual(successor === undefined ? expected.victim : expected.successor);
  for (const future of [neighbour, ...queued]) {
    expect(((await outcomeOf(future, 'another one')) as { error: unknown }).error).toBe(error);
  }
  expect(() => pool.executor.submit(double, 1)).toThrow(error as Error);
  await closePool(pool);
}

/** Nobody else noticed anything, and the pool runs what comes later. */
async function expectWell(pool: MatrixPool, { neighbour, queued }: Futures): Promise<void> {
  expect(await outcomeOf(neighbour, 'the neighbour')).toEqual({ value: 'released' });
  for (const [index, future] of queued.entries()) {
    expect(await outcomeOf(future, `number ${index} of those that wait`)).toEqual({ value: (index + 1) * 2 });
  }
  expect(await outcomeOf(pool.executor.submit(double, 21), 'a later one')).toEqual({ value: 42 });
  returnPool(pool);
}

describe.each(rules)("with onWorkerCrash: '%s', code that", (rule) => {
  for (const way of ways) {
    const possible = stages.filter((stage) => makesSense(stage, way));
    describe(way.name, () => {
      test.each(possible.map((stage) => [stage.name, stage] as const))(
        'in %s',
        async (_, stage) => {
          const outcomes = await Promise.allSettled(routes.map((route) => runCase(stage, way, rule, route)));
          for (const [index, outcome] of outcomes.entries()) {
            if (outcome.status === 'fulfilled') continue;
            const error = outcome.reason as Error;
            error.message = `submitted ${routes[index]}: ${error.message}`;
            throw error;
          }
        },
        60_000,
      );
    });
  }
});

test('all of its pools end quickly and leave no process', closeRestingPools);
