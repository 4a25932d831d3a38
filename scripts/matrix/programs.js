/** The programs that are built and run in every way. Each has a `main.ts`, and a `run.ts` for test runners. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from './open-workshop.js';

/**
 * @typedef {object} Program
 * @property {readonly string[]} sources folders of the repository, at the places that the program's imports expect
 * @property {string} folder where its `main.ts` and `run.ts` are
 * @property {boolean} [decorated] whether Node.js and oxc cannot run it as it is: `erasable` is the part that they can
 */

/** @type {Readonly<Record<string, Program>>} */
export const programs = {
  sending: {
    sources: ['scripts/matrix/program', '__tests__/long/sending/corpus'],
    folder: 'scripts/matrix/program',
  },
  packages: {
    sources: ['scripts/matrix/program', 'scripts/matrix/uses'],
    folder: 'scripts/matrix/uses',
    decorated: true,
  },
};

/** The program as a tool sees it that compiles nothing but types away. */
export const erasable = (program) =>
  program.decorated ? { ...program, folder: `${program.folder}/erasable` } : program;

export const entryOf = (program) => `${program.folder}/main.ts`;

export const copySources = (program, folder) => {
  for (const path of program.sources) cpSync(join(repository, path), join(folder, path), { recursive: true });
};
