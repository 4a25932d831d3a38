/** The command line of the benchmark. */
import { parseArgs } from 'node:util';
import { adapterNames } from '../adapters/index.js';
import { scenarios } from '../scenarios/index.js';

export const usage = `node bench.js [options]

  --only a,b    scenarios: ${scenarios.map(({ name }) => name).join(', ')}
  --libs a,b    libraries: ${adapterNames.join(', ')}
  --rounds N    how often each measurement is repeated (default 3; 0 reports what is there)
  --quick       small sizes, one round, kept in scratch/ and not in results/
  --write       write docs/performance.md and docs/performance.svg from results/latest.json
  --help`;

const DEFAULT_ROUNDS = 3;

function chosen(text, known, what) {
  if (text === undefined) return known;
  const names = text.split(',').filter(Boolean);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length === 0) return names;
  throw new Error(`no ${what} ${unknown.join(', ')}: expected some of ${known.join(', ')}`);
}

export function readOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string' },
      libs: { type: 'string' },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const rounds = Number(values.rounds ?? (values.quick ? 1 : DEFAULT_ROUNDS));
  if (!Number.isInteger(rounds) || rounds < 0) {
    throw new Error(`--rounds must be a whole number of 0 or more, not ${values.rounds}`);
  }
  if (values.quick && values.write)
    throw new Error('--quick figures are not for the docs: leave out --write');
  const names = scenarios.map(({ name }) => name);
  return {
    ...values,
    rounds,
    scenarios: chosen(values.only, names, 'scenario'),
    libs: chosen(values.libs, adapterNames, 'library'),
  };
}
