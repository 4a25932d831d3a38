/**
 * Uses of popular packages, as one TypeScript program that is built and started in many ways: each gives in a worker what it
 * gives in the host, or is refused with a way out. `LOKY_LONG_TESTS=1` takes all builds of the table; `npm run test:matrix` does the same
 * by hand.
 */
import { expect, test } from '@jest/globals';
import { execa } from 'execa';

const isLong = process.env['LOKY_LONG_TESTS'] === '1';
const MINUTE = 60_000;
const LIMIT = isLong ? 90 * MINUTE : 20 * MINUTE;
const LEAST_BUILDS = 4;

test(
  'no use of a package differs silently in any build, and the documents say how many are refused',
  async () => {
    const args = ['--program', 'packages', '--only', isLong ? 'written' : 'often', '--check'];
    const { exitCode, stdout } = await execa(process.execPath, ['scripts/matrix/run.js', ...args], {
      reject: false,
      timeout: LIMIT,
    });
    expect(stdout.match(/^✗.*$/gm)).toBeNull();
    expect(stdout.match(/Node\.js \d+ {2}\d+ same/g)?.length).toBeGreaterThanOrEqual(LEAST_BUILDS);
    expect(exitCode).toBe(0);
  },
  LIMIT,
);
