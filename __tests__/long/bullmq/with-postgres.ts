/** For test files that need Postgres: one for the file, and its tests are skipped, and counted as such, where there is none. */
import { afterAll, beforeAll, describe } from '@jest/globals';
import { postgresPrograms, startPostgres, type TestPostgres } from './postgres.ts';

const isHere = postgresPrograms() !== undefined;

/** @param postgres Of the file, from the first test on. */
export function describeWithPostgres(name: string, tests: (postgres: () => TestPostgres) => void): void {
  const title = isHere ? name : `${name} (skipped: there is no Postgres; apt-get install postgresql)`;
  (isHere ? describe : describe.skip)(title, () => {
    let postgres: TestPostgres | undefined;
    beforeAll(async () => {
      postgres = await startPostgres();
    });
    afterAll(async () => {
      await postgres?.remove();
    });
    tests(() => postgres as TestPostgres);
  });
}
