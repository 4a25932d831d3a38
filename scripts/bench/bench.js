/**
 * The benchmark of loky against other pools and against the floor: every measurement in a fresh process, the order of
 * the pools rotated from round to round. See README.md.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { measure } from './fresh.js';
import { pools } from './pools.js';
import { inTurns, mapOf } from './probes.js';
import { report, toMarkdown } from './report.js';
import { describeMachine, isSettled, readResults, summarize, versionsOf, writeResults } from './results.js';
import { groups, scenarios } from './scenarios/index.js';

function readOptions() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      pools: { type: 'string', default: Object.keys(pools).join(',') },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
    },
  });
  const chosen = values.pools.split(',');
  assertKnown(chosen, Object.keys(pools));
  assertKnown(positionals, [...Object.keys(groups), ...scenarios.map(({ name }) => name)]);
  const { rounds = values.quick ? '1' : '3' } = values;
  if (!/^\d+$/.test(rounds)) throw new Error(`--rounds must be a whole number of 0 or more, not ${rounds}`);
  if (values.quick && values.write)
    throw new Error('--quick figures are not for the docs: leave out --write');
  const isNamed = ({ name, group, isExtra }) =>
    positionals.length === 0 ? !isExtra : positionals.includes(name) || positionals.includes(group);
  const hasChosen = (scenario) => scenario.pools.some((pool) => chosen.includes(pool));
  const wanted = scenarios.filter((scenario) => isNamed(scenario) && hasChosen(scenario));
  return { ...values, chosen, rounds: Number(rounds), wanted };
}

function assertKnown(given, names) {
  const unknown = given.filter((name) => !names.includes(name));
  if (unknown.length > 0) throw new Error(`no ${unknown.join(', ')}: expected some of ${names.join(', ')}`);
}

/** Adds the summary of each chosen pool to the results. */
async function measureScenario(scenario, results, { chosen, quick, rounds }) {
  const measured = scenario.pools.filter((pool) => chosen.includes(pool));
  const ways = mapOf(measured, (pool) => (samples) => {
    if (isSettled(samples)) return undefined;
    const message = scenario.pointless?.((other) => results.scenarios[other]?.[pool]);
    return message ? { status: 'not tried', metrics: {}, message } : measure(pool, scenario, quick);
  });
  const taken = await inTurns(ways, rounds);
  const summaries = mapOf(measured, (pool) => summarize(taken[pool]));
  results.scenarios[scenario.name] = { ...results.scenarios[scenario.name], ...summaries };
}

async function main() {
  const options = readOptions();
  // Figures of another run, or of another size, are not mixed with those of this one unless they are kept together.
  const isKept = options.write || options.rounds === 0;
  const results = isKept ? readResults() : { machine: {}, versions: {}, scenarios: {} };
  for (const scenario of options.rounds > 0 ? options.wanted : []) {
    console.log(`${scenario.name} …`);
    await measureScenario(scenario, results, options);
    results.machine = describeMachine();
    results.versions = { ...results.versions, ...versionsOf(options.chosen) };
    if (options.write) writeResults(results);
  }
  console.log(`\n${report(results, options.wanted)}`);
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
