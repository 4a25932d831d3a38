/** The command line of the matrix: what is asked for, checked. It runs nothing. */
import { parseArgs } from 'node:util';
import { ownMajor } from './nodes.js';

export const usage = `Usage: node scripts/matrix/run.js [--program packages] [--node 20,24] [--only esm,tsx,…]
  --program   sending, its corpus (default), or packages, uses of popular packages
  --node      major versions of Node.js: this one, 22 and 24 (default: all, or for packages those of the table)
  --only      names of variants, or often: those that the tests run always, or written: those in the table (default: all)
  --workshop  a folder to install into, which stays (default: a temporary one)
  --refusals  names what was refused, too
  --check     whether docs/builds.md says of what ran what became of it; for packages
  --write     writes what ran into the table of docs/builds.md; for packages`;

/**
 * @param {readonly string[]} args
 * @param {Readonly<Record<'all' | 'often' | 'written', readonly string[]>>} sets names of variants
 * @param {readonly string[]} programs the names of all programs
 */
export function readOptions(args, sets, programs) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      program: { type: 'string', default: 'sending' },
      node: { type: 'string' },
      only: { type: 'string', default: 'all' },
      workshop: { type: 'string' },
      refusals: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const { program, workshop, refusals, write, check, help } = values;
  const only = sets[values.only] ?? namesFrom('--only', values.only, sets.all);
  namesFrom('--program', program, programs);
  const nodes = values.node === undefined ? defaultNodes(program) : majorsFrom(values.node);
  if ((write || check) && (program !== 'packages' || values.node !== undefined))
    throw new RangeError('Expected --write and --check to go with --program packages, and without --node.');
  return { program, nodes, only, workshop, refusals, write, check, help };
}

const defaultNodes = (program) => (program === 'packages' ? undefined : [...new Set([ownMajor, 22, 24])]);

function majorsFrom(text) {
  const nodes = text.split(',').map(Number);
  if (nodes.every((major) => Number.isInteger(major) && major >= 20)) return nodes;
  throw new RangeError(`Expected --node to list major versions from 20 on, as 20,22,24, but got ${text}.`);
}

function namesFrom(option, text, known) {
  const names = text.split(',');
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length === 0) return names;
  throw new RangeError(
    `Expected ${option} to list some of ${known.join(', ')}, but got ${unknown.join(', ')}.`,
  );
}
