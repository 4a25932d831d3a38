/**
 * Makes a release: checks everything, writes version and changelog, commits, tags, publishes. With --dry-run it checks,
 * and prints what it would do.
 *
 *   npm run release -- [patch | minor | major | 1.2.3] [--dry-run] [--skip-ci, with --dry-run]
 *
 * Without a version it releases that of package.json, or the next patch if that one is released. Provenance needs
 * a CI system that the registry trusts. `repository`, `homepage`, `bugs` and `author` in package.json are the owner's to fill
 * in: while one of them is empty, no release is made.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { isReleased, release, unreleased } from './changelog.js';
import { assertOwnerFields } from './owner-fields.js';
import { nextVersion } from './version.js';

const args = process.argv.slice(2);
const dryRun = args.includes('--dry-run');
const skipCi = args.includes('--skip-ci');
const [wanted, ...others] = args.filter((arg) => arg !== '--dry-run' && arg !== '--skip-ci');

try {
  if (others.length > 0)
    throw new Error(`Expected one version at most, got ${[wanted, ...others].join(' ')}.`);
  if (skipCi && !dryRun)
    throw new Error('--skip-ci is for --dry-run: a release is made of what was checked.');
  makeRelease();
} catch (error) {
  console.error(`No release was made. ${error.message}`);
  process.exitCode = 1;
}

function makeRelease() {
  const changelog = readFileSync('CHANGELOG.md', 'utf8');
  const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
  const { name, version: current } = manifest;
  const version = nextVersion(current, wanted, isReleased(changelog, current));
  const tag = `v${version}`;
  const released = release(changelog, version, new Date().toISOString().slice(0, 10));

  assertOwnerFields(manifest);
  checkGit(tag);
  if (!skipCi) step('check', '.ci/run');
  step('check', process.execPath, 'scripts/release/check-package.js');

  console.log(
    `\n${dryRun ? 'Would release' : 'Releasing'} ${name} ${version} with these notes:\n\n${unreleased(changelog)}\n`,
  );
  const write = dryRun ? 'would run' : 'run';
  if (!dryRun) writeFileSync('CHANGELOG.md', released);
  step(write, 'npm', 'version', version, '--no-git-tag-version', '--allow-same-version');
  step(write, 'git', 'commit', '--all', '--message', `Release ${version}`);
  step(write, 'git', 'tag', '--annotate', tag, '--message', `${name} ${version}`);
  step(write, 'npm', 'publish', '--provenance', '--access', 'public');
  step(write, 'git', 'push', '--follow-tags');
}

function checkGit(tag) {
  const changes = git('status', '--porcelain');
  if (changes !== '') throw new Error(`Expected nothing uncommitted, but there is:\n${changes}`);
  if (git('tag', '--list', tag) !== '')
    throw new Error(`The tag ${tag} is there already: release another version.`);
}

function git(...rest) {
  return execFileSync('git', rest, { encoding: 'utf8' }).trim();
}

function step(how, command, ...rest) {
  console.log(`${how}: ${[command === process.execPath ? 'node' : command, ...rest].join(' ')}`);
  if (how !== 'would run') execFileSync(command, rest, { stdio: 'inherit' });
}
