/**
 * `node scripts/coverage/run.js [paths of tests]`: which lines of lib/ and workers/ the tests run, in the process
 * of jest, in the programs that they start, and in the workers of both. Prints what is never run, file by file.
 *
 * Jest measures lib/ in its own process, where `loky` and its other entries stand for lib/ in this run; all of them,
 * as an entry of the build would bring other classes along. Every other process runs the build, and Node writes down
 * what it ran when it exits. One that is killed tells nothing.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import jestConfig from '../../jest.config.js';
import { linesOfBuild } from './build-lines.js';
import { linesOfJest } from './jest-lines.js';
import { printReport } from './report.js';

const root = resolve(import.meta.dirname, '../..');
const folder = join(root, 'coverage');
const processes = join(folder, 'processes');
const sources = {
  '^loky$': '<rootDir>/lib/index.ts',
  '^loky/(metrics|bullmq|opentelemetry)$': '<rootDir>/lib/$1/index.ts',
  ...jestConfig.moduleNameMapper,
};

function runTests(paths) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(processes, { recursive: true });
  const { status } = spawnSync(
    process.execPath,
    [
      ...['--experimental-vm-modules', '--no-warnings=ExperimentalWarning'],
      ...['node_modules/jest/bin/jest.js', '--runInBand', '--testTimeout=60000', '--silent'],
      ...['--coverage', '--coverageProvider=v8', '--coverageReporters=json'],
      `--coverageDirectory=${join(folder, 'jest')}`,
      '--collectCoverageFrom=lib/**/*.ts',
      `--moduleNameMapper=${JSON.stringify(sources)}`,
      ...paths,
    ],
    { cwd: root, stdio: 'inherit', env: { ...process.env, NODE_V8_COVERAGE: processes } },
  );
  return status ?? 1;
}

const status = runTests(process.argv.slice(2));
const lines = linesOfBuild(root, processes);
for (const [file, run] of linesOfJest(root, join(folder, 'jest/coverage-final.json'))) {
  const known = lines.get(file);
  if (known !== undefined) for (const line of run) if (known.has(line)) known.set(line, true);
}
const report = printReport(root, lines);
writeFileSync(join(folder, 'uncovered.json'), `${JSON.stringify(report, undefined, 1)}\n`);
process.exitCode = status; // a test that is too slow under measurement still counts for the figures
