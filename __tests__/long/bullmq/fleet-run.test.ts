/**
 * What a fleet must hold through a rolling deploy and all that can happen to it. LOKY_FLEET_JOBS=10000 is the whole of it, on
 * Postgres 2,000; by default there are fewer jobs and a shorter pause.
 */
import { describe, expect, test } from '@jest/globals';
import { createPostgresBackend } from 'bullmq';
import { byTaking, type FleetEngine, type Incident, type Run, reasonOf, runFleet } from './fleet-run.ts';
import { describeWithPostgres } from './with-postgres.ts';
import { describeWithRedis, newQueue } from './with-redis.ts';

const JOBS = Number(process.env['LOKY_FLEET_JOBS'] ?? 1_000);
const IS_WHOLE = JOBS >= 10_000;

describe('why a job ran again', () => {
  const run = (begin: number, machine = 'a1', index = 1): Run => ({
    index,
    attempt: 1,
    machine,
    begin,
    end: undefined,
  });
  const killed: Incident = { kind: 'killed', machine: 'a1', from: 10_000, to: 10_100 };

  test('its machine was lost between the runs', () => {
    expect(reasonOf(run(9_900), run(14_000, 'b1'), [killed], true)).toBe('its machine was killed');
    expect(reasonOf(run(9_900, 'b1'), run(14_000, 'a1'), [killed], true)).toBeUndefined();
    expect(reasonOf(run(5_000), run(6_000, 'b1'), [killed], true)).toBeUndefined();
    expect(reasonOf(run(20_000), run(30_000, 'b1'), [killed], true)).toBeUndefined();
  });

  test('its machine was paused after it had taken the job, and began it when another had done it', () => {
    const paused: Incident = { kind: 'paused', machine: 'b1', from: 10_000, to: 18_000 };
    const [late, other] = [run(18_010, 'b1'), { ...run(13_600, 'a1'), attempt: 2 }];
    const [first, second] = [other, late].sort(byTaking) as [Run, Run];
    expect(reasonOf(first, second, [paused], true)).toBe('its machine was paused');
    expect(reasonOf(run(13_600, 'a1'), run(18_010, 'b1'), [paused], true)).toBeUndefined();
  });

  test('its process crashed, the first time', () => {
    expect(reasonOf(run(0, 'a1', 107), run(1_000, 'a1', 107), [], true)).toBe('its process crashed');
    expect(reasonOf(run(0, 'a1', 107), run(1_000, 'a1', 107), [], false)).toBeUndefined();
  });
});

/** @param engine Of the file, from the first test on. */
function testFleet(jobs: number, engine: () => FleetEngine): void {
  const limit = Math.max(300_000, jobs * 150);
  test(
    `${jobs} jobs through all of it: none is lost, none fails wrongly, each that ran twice has its reason`,
    async () => {
      const pause = IS_WHOLE ? 20_000 : 8_000;
      const report = await runFleet(engine(), { jobs, queue: newQueue(), pause, cuts: 25, limit });
      process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
      expect(report).toMatchObject({
        ...{ notSettled: 0, wronglyFailed: [], neverRun: 0, unexplained: [], cuts: 25 },
        ...{ valuesRight: jobs * 0.99, hangsEnded: jobs * 0.01 },
      });
    },
    limit + 60_000,
  );
}

describeWithRedis('a fleet on Redis', (redis) => {
  testFleet(JOBS, () => ({
    optionsFor: (who) => ({ connection: { ...redis().connection, connectionName: who } }),
    async restart() {
      await redis().stop();
      await redis().start();
    },
    cutConnection: () => redis().cutConnection(),
  }));
});

describeWithPostgres('a fleet on Postgres', (postgres) => {
  testFleet(Math.min(JOBS, IS_WHOLE ? 2_000 : 500), () => ({
    optionsFor(who) {
      const connection = { ...postgres().connection, application_name: who };
      return who === 'submitter'
        ? { connection, backend: createPostgresBackend }
        : { connection, onPostgres: true };
    },
    async restart() {
      await postgres().stop();
      await postgres().start();
    },
    cutConnection: () => postgres().cutConnection(),
  }));
});
