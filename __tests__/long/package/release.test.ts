/** `npm run release -- --dry-run` in a clone: it tells what it would do, and does nothing. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execa } from 'execa';

const LONG = 60_000;
const FILES = [
  'package.json',
  'CHANGELOG.md',
  'README.md',
  'LICENSE',
  'scripts/release',
  'dist',
  'docs',
  'examples',
  '.gitignore',
];

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'loky-release-'));
  for (const file of FILES) cpSync(file, join(folder, file), { recursive: true });
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'), 'junction');
  writeChangelog('- Something new.');
  writeManifest(OWNED);
  // As a file: the link is no folder for the rule in .gitignore.
  writeFileSync(join(folder, '.gitignore'), 'node_modules\ndist\n');
  git('init', '--quiet');
  commit();
}, LONG);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function git(...args: string[]): string {
  const identity = ['-c', 'user.name=Nobody', '-c', 'user.email=nobody@example.org'];
  return execFileSync('git', [...identity, ...args], { cwd: folder, encoding: 'utf8' });
}

function commit(): void {
  git('add', '--all');
  git('commit', '--quiet', '--message', 'work');
}

function writeChangelog(notes: string): void {
  writeFileSync(join(folder, 'CHANGELOG.md'), `# Changelog\n\n## [Unreleased]\n\n${notes}\n`);
}

/** What only the owner of the package can fill in. */
const OWNED = {
  repository: { type: 'git', url: 'git+https://example.org/loky.git' },
  homepage: 'https://example.org/loky',
  bugs: { url: 'https://example.org/loky/issues' },
  author: 'A. Maintainer',
};

function writeManifest(fields: object): void {
  const manifest: unknown = JSON.parse(readFileSync('package.json', 'utf8'));
  writeFileSync(join(folder, 'package.json'), JSON.stringify(Object.assign({}, manifest, fields)));
}

async function release(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  const { exitCode, stdout, stderr } = await execa(
    process.execPath,
    ['scripts/release/release.js', '--skip-ci', ...args],
    { cwd: folder, reject: false, stripFinalNewline: false },
  );
  return { status: exitCode ?? -1, stdout, stderr };
}

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

describe('a dry run', () => {
  // Dry runs change nothing, so they need not wait for each other.
  test.concurrent.each([
    [[], version],
    [
      ['minor'],
      version.replace(/^(\d+)\.(\d+)\..*$/, (_, major, minor) => `${major}.${Number(minor) + 1}.0`),
    ],
  ])(
    '%j would release the right version, with its notes, and leaves all as it was',
    async (args, expected) => {
      const before = git('rev-parse', 'HEAD');
      const { status, stdout, stderr } = await release('--dry-run', ...args);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout).toContain(`Would release loky ${expected} with these notes:\n\n- Something new.\n`);
      expect(stdout.match(/^would run: .*$/gm)).toEqual([
        `would run: npm version ${expected} --no-git-tag-version --allow-same-version`,
        `would run: git commit --all --message Release ${expected}`,
        `would run: git tag --annotate v${expected} --message loky ${expected}`,
        'would run: npm publish --provenance --access public',
        'would run: git push --follow-tags',
      ]);
      expect([git('status', '--porcelain'), git('tag'), git('rev-parse', 'HEAD')]).toEqual(['', '', before]);
    },
    LONG,
  );

  test('refuses what is no version, and to leave out checks of a real release', async () => {
    expect((await release('--dry-run', 'big')).stderr).toContain(
      'Expected patch, minor, major or a version such as 1.2.3, but got "big"',
    );
    expect((await release()).stderr).toContain('--skip-ci is for --dry-run');
  });

  test('refuses while package.json does not say what only the owner knows', async () => {
    const missing = { repository: undefined, homepage: '', bugs: { url: '' }, author: ' ' };
    writeManifest(missing);
    const { status, stdout, stderr } = await release('--dry-run');
    writeManifest({ ...OWNED, homepage: '' });
    const one = await release('--dry-run');
    writeManifest(OWNED);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toBe(
      [
        'No release was made. package.json lacks what only its owner can fill in:',
        '  "repository": the address of the repository, which provenance is checked against',
        '  "homepage": where its documents are',
        '  "bugs": where faults are reported',
        '  "author": who answers for it',
        '',
      ].join('\n'),
    );
    expect(one.stderr).toMatch(/owner can fill in:\n {2}"homepage": .*\n$/);
  });

  test('refuses uncommitted changes', async () => {
    writeFileSync(join(folder, 'new.txt'), '');
    const { status, stderr } = await release('--dry-run');
    rmSync(join(folder, 'new.txt'));
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('?? new.txt') });
  });

  test('refuses a version that has its tag, and a changelog without news', async () => {
    git('tag', 'v7.8.9');
    expect((await release('--dry-run', '7.8.9')).stderr).toContain('The tag v7.8.9 is there already');
    git('tag', '--delete', 'v7.8.9');
    writeChangelog('');
    commit();
    expect((await release('--dry-run')).stderr).toContain('Expected notes under "## [Unreleased]"');
  });
});

describe('the changelog of a release', () => {
  test('gets a dated section, and an empty one for what comes next', async () => {
    const {
      isReleased,
      release: releaseChangelog,
      unreleased,
    } = (await import(
      // @ts-expect-error a script without types
      '../../../scripts/release/changelog.js'
    )) as {
      isReleased(text: string, version: string): boolean;
      release(text: string, version: string, date: string): string;
      unreleased(text: string): string;
    };
    const text = releaseChangelog(
      '# Changelog\n\n## [Unreleased]\n\n- New.\n\n## [1.0.0] - 2026-01-01\n',
      '1.1.0',
      '2026-02-03',
    );
    expect(text).toBe(
      '# Changelog\n\n## [Unreleased]\n\n## [1.1.0] - 2026-02-03\n\n- New.\n\n## [1.0.0] - 2026-01-01\n',
    );
    expect([unreleased(text), isReleased(text, '1.1.0'), isReleased(text, '1.2.0')]).toEqual([
      '',
      true,
      false,
    ]);
    expect(() => releaseChangelog(text, '1.0.0', '2026-02-03')).toThrow('has a section for 1.0.0 already');
  });
});
