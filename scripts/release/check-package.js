/**
 * Whether the packed package is what users should get: its files, its exports, its types as each kind of resolution
 * finds them. Looks at the build as it is; needs no network.
 *
 *   npm run build && node scripts/release/check-package.js
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const bin = (name) => join(root, 'node_modules/.bin', name);

const MUST_HAVE = [
  ...['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md'],
  ...['index', 'metrics', 'bullmq', 'view', 'opentelemetry'].flatMap((entry) =>
    ['cjs', 'd.cts', 'js', 'd.ts'].map((ending) => `dist/${entry}.${ending}`),
  ),
  ...['dist/worker.cjs', 'dist/guardian.cjs', 'dist/view.html', 'dist/THIRD-PARTY-NOTICES.md'],
];
const MAY_HAVE =
  /^(?:(?:package\.json|README\.md|LICENSE|CHANGELOG\.md)|dist\/[\w.-]+\.(?:js|cjs|d\.ts|d\.cts|md|html)|docs\/[\w/.-]+\.(?:md|svg|png|webp)|examples\/[\w/.-]+)$/;
const MOST_BYTES = 5_000_000;

const folder = mkdtempSync(join(tmpdir(), 'loky-pack-'));
try {
  const [packed] = JSON.parse(
    run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]),
  );
  const tarball = join(folder, packed.filename);
  const faults = [
    ...filesAreRight(packed),
    ...says('publint', [tarball, '--strict']),
    ...says('attw', [tarball, '--profile', 'strict', '--no-color']),
  ];
  if (faults.length > 0) {
    console.error(faults.join('\n\n'));
    process.exitCode = 1;
  } else {
    console.log(
      `${packed.filename}: ${packed.files.length} files, ${packed.unpackedSize} bytes, nothing wrong`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function filesAreRight({ files, unpackedSize }) {
  const paths = files.map(({ path }) => path);
  const missing = MUST_HAVE.filter((path) => !paths.includes(path));
  const tooMuch = paths.filter((path) => !MAY_HAVE.test(path));
  const dead = linksOf(readFileSync(join(root, 'README.md'), 'utf8')).filter(
    (link) => !isPacked(link, paths),
  );
  return [
    ...(dead.length > 0 ? [`The README links to ${dead.join(', ')}, which the package does not hold.`] : []),
    ...(missing.length > 0 ? [`The package lacks ${missing.join(', ')}: is it built?`] : []),
    ...(tooMuch.length > 0
      ? [`The package must not hold ${tooMuch.join(', ')}: see "files" in package.json.`]
      : []),
    ...(unpackedSize > MOST_BYTES ? [`The package has ${unpackedSize} bytes, more than ${MOST_BYTES}.`] : []),
  ];
}

/** Files and folders of the repository that a document links to. */
function linksOf(text) {
  return [...text.matchAll(/\]\(([^)\s#]+)[^)]*\)/g)]
    .map(([, link]) => link.replace(/\/$/, ''))
    .filter((link) => !/^https?:/.test(link));
}

function isPacked(link, paths) {
  return paths.some((path) => path === link || path.startsWith(`${link}/`));
}

/** What a linter has to say, if it finds fault. */
function says(name, args) {
  try {
    run(bin(name), args);
    return [];
  } catch (error) {
    return [`${name} says:\n${error.stdout ?? ''}${error.stderr ?? error}`];
  }
}

function run(command, args) {
  return execFileSync(command, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
