/**
 * The benchmark of loky against other pools and against the floor: every measurement in a fresh process, the order of
 * the pools rotated from round to round. See README.md.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { measure } from './fresh.js';
import { pools, poolsOf } from './pools.js';
import { printGoals, printTables, toMarkdown } from './report.js';
import { describeMachine, isSettled, readResults, summarize, versionsOf, writeResults } from './results.js';
import { scenarios } from './scenarios/index.js';

const groups = [...new Set(scenarios.map(({ group }) => group))];
const usage = `npm run bench -- [what …] [options]

  what          groups: ${groups.join(', ')}; scenarios: ${scenarios.map(({ name }) => name).join(', ')}
                Default: all.
  --pools a,b   ${Object.keys(pools).join(', ')}
  --rounds N    how often each measurement is repeated (default: 3; 0 reports what is kept)
  --quick       small sizes, one round: to see that everything runs, not for figures
  --write       keep the figures in results/latest.json and write docs/performance.md
  --help`;

const ROUNDS = 3;

function readOptions(args) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      pools: { type: 'string', default: Object.keys(pools).join(',') },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const names = values.pools.split(',');
  assertKnown(names, Object.keys(pools));
  assertKnown(positionals, [...groups, ...scenarios.map(({ name }) => name)]);
  if (values.rounds !== undefined && !/^\d+$/.test(values.rounds))
    throw new Error(`--rounds must be a whole number of 0 or more, not ${values.rounds}`);
  if (values.quick && values.write)
    throw new Error('--quick figures are not for the docs: leave out --write');
  const chosen = scenarios.filter(
    ({ name, group }) =>
      positionals.length === 0 || positionals.includes(name) || positionals.includes(group),
  );
  const roundsOf = ({ rounds = Number.POSITIVE_INFINITY }) =>
    Math.min(rounds, Number(values.rounds ?? (values.quick ? 1 : ROUNDS)));
  return { ...values, pools: names, chosen, roundsOf };
}

function assertKnown(names, known) {
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`no ${unknown.join(', ')}: expected some of ${known.join(', ')}`);
}

async function measureScenario(scenario, results, { pools: chosen, quick, roundsOf }) {
  const names = poolsOf(scenario, chosen);
  const samples = new Map(names.map((name) => [name, []]));
  for (let round = 0; round < roundsOf(scenario); round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(turn + round) % names.length];
      const own = samples.get(name);
      if (isSettled(own)) continue;
      const reason = scenario.pointless?.((other) => results.scenarios[other]?.[name]);
      own.push(
        reason ? { status: 'not tried', metrics: {}, message: reason } : await measure(name, scenario, quick),
      );
    }
  }
  const measured = [...samples].filter(([, own]) => own.length > 0);
  if (measured.length === 0) return;
  results.scenarios[scenario.name] = {
    ...results.scenarios[scenario.name],
    ...Object.fromEntries(measured.map(([name, own]) => [name, summarize(own)])),
  };
}

async function main() {
  const options = readOptions(process.argv.slice(2));
  if (options.help) return console.log(usage);
  const start = performance.now();
  // Figures of another run, or of another size, are not mixed with those of this one unless they are kept together.
  const isKept = options.write || options.rounds === '0';
  const results = isKept ? readResults() : { machine: {}, versions: {}, scenarios: {} };
  for (const scenario of options.chosen) {
    if (options.roundsOf(scenario) === 0) continue;
    console.log(`${scenario.title} …`);
    await measureScenario(scenario, results, options);
    results.machine = describeMachine();
    results.versions = { ...results.versions, ...versionsOf(options.pools) };
    if (options.write) writeResults(results);
  }
  console.log('');
  printTables(
    results,
    options.chosen.map(({ name }) => name),
  );
  console.log('');
  printGoals(results);
  if (options.write)
    writeFileSync(new URL('../../docs/performance.md', import.meta.url), toMarkdown(results));
  if (options.quick) console.log('\nSmall sizes, one round: to see that everything runs, not for figures.');
  console.log(`\n${Math.round((performance.now() - start) / 1000)} s in all`);
}

try {
  await main();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
