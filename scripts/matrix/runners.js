/** Ways to run a program without a build. Each gives the arguments of Node.js. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { copySources, entryOf } from './programs.js';

/** @typedef {import('./builds.js').Place} Place */

export function fromSource({ folder, program }, type, args) {
  copySources(program, folder);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type }));
  return [...args, join(folder, entryOf(program))];
}

export function withTsNode({ folder, modules, program }) {
  const compilerOptions = { module: 'nodenext', target: 'es2022', rootDir: '.' };
  const config = { compilerOptions, 'ts-node': { transpileOnly: true } };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  // Named, so that workers take it too: ts-node looks for one from the program upwards, and theirs lies elsewhere.
  const project = ['--project', join(folder, 'tsconfig.json')];
  return fromSource({ folder, program }, 'commonjs', [join(modules, 'ts-node/dist/bin.js'), ...project]);
}

/** `coverage` is v8, istanbul or nothing. */
export function withVitest({ folder, modules, program }, { pool, coverage }) {
  writeTest({ folder, program }, `import { test } from 'vitest';`);
  const args = [join(modules, 'vitest/vitest.mjs'), 'run', '--root', folder, '--pool', pool];
  return coverage ? [...args, '--coverage.enabled', `--coverage.provider=${coverage}`] : args;
}

/** `coverage` is v8, babel or nothing. */
export function withJest({ folder, modules, program }, { coverage }) {
  writeTest({ folder, program }, '');
  const config = {
    rootDir: folder,
    testEnvironment: 'node',
    extensionsToTreatAsEsm: ['.ts'],
    transform: {
      '\\.ts$': [join(modules, 'ts-jest'), { useESM: true, diagnostics: false, tsconfig: jestTypes }],
    },
    ...(coverage && { collectCoverage: true, coverageProvider: coverage, coverageReporters: ['json'] }),
  };
  const file = join(folder, 'jest.config.json');
  writeFileSync(file, JSON.stringify(config));
  const flags = ['--experimental-vm-modules', '--no-warnings'];
  return [...flags, join(modules, 'jest/bin/jest.js'), '--config', file, '--runInBand'];
}

const jestTypes = { module: 'esnext', moduleResolution: 'bundler', target: 'es2022', isolatedModules: true };

function writeTest({ folder, program }, imports) {
  fromSource({ folder, program }, 'module', []);
  const test = `${imports}
import { run } from './${program.folder}/run.ts';
test('the program', run, 880_000);
`;
  writeFileSync(join(folder, 'program.test.ts'), test);
}
