/** The package as linters of packages see it, and its API pages, which must say what the sources say. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';

/** The linters and TypeDoc take seconds where the machine is busy. */
const LONG = 120_000;

/** @throws with all that it has printed, if it fails. */
function run(...args: string[]): string {
  return execFileSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

test(
  'publint and are-the-types-wrong find nothing, and the files are those that users need',
  () => {
    expect(run('scripts/release/check-package.js')).toMatch(/nothing wrong\n$/);
  },
  LONG,
);

describe('the API pages', () => {
  test(
    'are as `npm run docs` writes them',
    () => {
      run('scripts/docs/build.js', '--check');
    },
    LONG,
  );

  test.each(readdirSync('docs/api'))(
    '%s names no address, no path of a machine and no line of a source',
    (name) => {
      const text = readFileSync(join('docs/api', name), 'utf8');
      expect(text).toMatch(/^# /);
      expect(text.match(/https?:|file:|\/(?:home|work|tmp|Users)\/|\.ts:\d+/g)).toBeNull();
    },
  );
});
