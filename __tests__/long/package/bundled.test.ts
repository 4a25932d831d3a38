/** The package built into a user's own bundle: it needs its other programs beside it, and says so. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { installPackage, type Project, repository, runNode } from './installed.ts';

const source = `
import { ProcessPoolExecutor } from 'loky';
const captured = 3;
async function main() {
  const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
  const future = executor.submit((a) => a + captured, 1);
  const error = await future.exception();
  console.log(error === undefined ? await future : error.code + ' ' + error.message);
  await executor.shutdown();
}
void main();
`;

let project: Project;
beforeAll(() => {
  project = installPackage();
}, 120_000);
afterAll(() => project?.remove());

describe.each([
  ['as-it-is', 'main.mjs', ['--format=esm']],
  ['minified', 'main.mjs', ['--format=esm', '--minify']],
  ['as-commonjs', 'main.cjs', ['--format=cjs']],
])('a program with loky bundled into it, %s,', (name, main, options) => {
  let bundle = '';

  beforeAll(() => {
    bundle = join(project.folder, `${name}-${main}`);
    const flags = ['--bundle', '--platform=node', '--log-level=warning', ...options];
    // The program, not its API: that leaves a process behind.
    const esbuild = join(repository, 'node_modules/.bin/esbuild');
    execFileSync(esbuild, [...flags, `--outfile=${bundle}`, project.write('source.mjs', source)]);
  });

  /** Outside of the project, where the installed package is not found. */
  function deploy(files: readonly string[]): string {
    const folder = mkdtempSync(join(project.folder, '..', 'deployed-'));
    copyFileSync(bundle, join(folder, main));
    for (const file of files) copyFileSync(file, join(folder, basename(file)));
    return folder;
  }

  test('says what is missing, and the ways out', async () => {
    const { code, stdout, stderr } = await runNode(deploy([]), [main]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^ERR_WORKER_STARTUP .*Expected the program worker\.cjs of loky at .*deployed-/);
    expect(stdout).toContain('mark it as external, or copy its dist/ folder beside the bundle');
  });

  test('works with the files of the package beside it', async () => {
    const dist = join(project.folder, 'node_modules/loky/dist');
    const folder = deploy(readdirSync(dist).map((name) => join(dist, name)));
    expect(await runNode(folder, [main])).toEqual({ code: 0, stdout: '4\n', stderr: '' });
  });
});
