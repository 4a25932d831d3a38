/**
 * The benchmark of loky against other pools and against the floor: every measurement in a fresh process, the order of
 * the pools rotated from round to round. See README.md.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { measure } from './fresh.js';
import { pools } from './pools.js';
import { goalsOf, markdown, tableOf, toMarkdown } from './report.js';
import { describeMachine, isSettled, readResults, summarize, versionsOf, writeResults } from './results.js';
import { scenarios } from './scenarios/index.js';

const groups = [...new Set(scenarios.map(({ group }) => group))];
const allNames = scenarios.map(({ name }) => name);
const usage = `npm run bench -- [what …] [options]

  what          groups: ${groups.join(', ')}; scenarios: ${allNames.join(', ')}
                Default: all.
  --pools a,b   ${Object.keys(pools).join(', ')}
  --rounds N    how often each measurement is repeated (default: 3; 0 reports what is kept)
  --quick       small sizes, one round: to see that everything runs, not for figures
  --write       keep the figures in results/latest.json and write docs/performance.md
  --help`;

function readOptions() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      pools: { type: 'string', default: Object.keys(pools).join(',') },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const chosen = values.pools.split(',');
  assertKnown(chosen, Object.keys(pools));
  assertKnown(positionals, [...groups, ...allNames]);
  const { rounds = values.quick ? '1' : '3' } = values;
  if (!/^\d+$/.test(rounds)) throw new Error(`--rounds must be a whole number of 0 or more, not ${rounds}`);
  if (values.quick && values.write)
    throw new Error('--quick figures are not for the docs: leave out --write');
  const isWanted = ({ name, group }) =>
    positionals.length === 0 || positionals.includes(name) || positionals.includes(group);
  return { ...values, chosen, rounds: Number(rounds), wanted: scenarios.filter(isWanted) };
}

function assertKnown(names, known) {
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`no ${unknown.join(', ')}: expected some of ${known.join(', ')}`);
}

async function measureScenario(scenario, results, { chosen, quick, rounds }) {
  const names = scenario.pools.filter((name) => chosen.includes(name));
  const samples = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < Math.min(rounds, scenario.rounds ?? rounds); round += 1) {
    for (let turn = 0; turn < names.length; turn += 1) {
      const name = names[(turn + round) % names.length];
      if (isSettled(samples[name])) continue;
      const reason = scenario.pointless?.((other) => results.scenarios[other]?.[name]);
      const untried = { status: 'not tried', metrics: {}, message: reason };
      samples[name].push(reason ? untried : await measure(name, scenario, quick));
    }
  }
  const entries = Object.entries(samples).map(([name, own]) => [name, summarize(own)]);
  if (entries.length === 0) return;
  results.scenarios[scenario.name] = { ...results.scenarios[scenario.name], ...Object.fromEntries(entries) };
}

async function main() {
  const options = readOptions();
  if (options.help) return console.log(usage);
  // Figures of another run, or of another size, are not mixed with those of this one unless they are kept together.
  const isKept = options.write || options.rounds === 0;
  const results = isKept ? readResults() : { machine: {}, versions: {}, scenarios: {} };
  for (const scenario of options.rounds > 0 ? options.wanted : []) {
    console.log(`${scenario.title} …`);
    await measureScenario(scenario, results, options);
    results.machine = describeMachine();
    results.versions = { ...results.versions, ...versionsOf(options.chosen) };
    if (options.write) writeResults(results);
  }
  const names = options.wanted.map(({ name }) => name);
  console.log(`\n${markdown(tableOf(results, names))}\n\n${markdown(goalsOf(results))}`);
  if (options.write)
    writeFileSync(new URL('../../docs/performance.md', import.meta.url), toMarkdown(results));
  if (options.quick) console.log('\nSmall sizes, one round: to see that everything runs, not for figures.');
}

try {
  await main();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
