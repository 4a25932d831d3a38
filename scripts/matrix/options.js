/** The command line of the matrix: what is asked for, checked. It runs nothing. */
import { parseArgs } from 'node:util';

export const usage = `Usage: node scripts/matrix/run.js [--node 20,22,24] [--only esm,tsx,…]
  --node  major versions of Node.js; those that do not run this script are installed for its time (default: 20,22,24)
  --only  names of variants (default: all)`;

/**
 * @param {readonly string[]} args
 * @param {readonly string[]} known the names of all variants
 * @returns {{ nodes: number[], only: string[], help: boolean }}
 */
export function readOptions(args, known) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      node: { type: 'string', default: '20,22,24' },
      only: { type: 'string', default: known.join(',') },
      help: { type: 'boolean', default: false },
    },
  });
  const nodes = values.node.split(',').map(Number);
  if (!nodes.every((major) => Number.isInteger(major) && major >= 20))
    throw new RangeError(
      `Expected --node to list major versions from 20 on, as 20,22,24, but got ${values.node}.`,
    );
  const only = values.only.split(',');
  const unknown = only.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new RangeError(
      `Expected --only to list some of ${known.join(', ')}, but got ${unknown.join(', ')}.`,
    );
  return { nodes, only, help: values.help };
}
