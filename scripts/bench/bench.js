/**
 * The benchmark of loky against other pools and against the floor: every measurement in a fresh process, the
 * order rotated in every round, the medians and spreads kept in `results/latest.json`. See README.md.
 */

import { adapterNames } from './adapters/index.js';
import { measure } from './driver/measure.js';
import { readOptions, usage } from './driver/options.js';
import { findAdapters, inOrder, isSettled } from './driver/plan.js';
import {
  describeLibraries,
  describeMachine,
  readResults,
  summarize,
  writeResults,
} from './driver/results.js';
import { writeDocs } from './report/docs.js';
import { printGoals, printScenario } from './report/terminal.js';
import { findScenario } from './scenarios/index.js';

async function measureScenario(scenario, { adapters, options, results }) {
  const samples = new Map();
  const resultsOf = (lib) => (name) => results.scenarios[name]?.[lib];
  const rounds = Math.min(options.rounds, scenario.rounds ?? options.rounds);
  for (let round = 0; round < rounds; round++) {
    for (const lib of inOrder(scenario, adapters, round)) {
      const own = samples.get(lib) ?? [];
      if (isSettled(own)) continue;
      const reason = scenario.pointless?.(resultsOf(lib));
      const sample = reason
        ? { status: 'not tried', metrics: {}, message: reason }
        : await measure(lib, scenario, options.quick);
      samples.set(lib, [...own, sample]);
    }
  }
  const kept = results.scenarios[scenario.name] ?? {};
  for (const [lib, own] of samples) kept[lib] = summarize(own);
  results.scenarios[scenario.name] = kept;
}

const secondsSince = (start) => Math.round((performance.now() - start) / 1000);

/** Tables keep the order of the adapters, whatever was measured first. */
function inAdapterOrder(libraries) {
  return Object.fromEntries(
    adapterNames.flatMap((name) => (libraries[name] ? [[name, libraries[name]]] : [])),
  );
}

async function main() {
  const options = readOptions(process.argv.slice(2));
  if (options.help) return console.log(usage);
  const start = performance.now();
  const { adapters, missing } = await findAdapters(options.libs);
  for (const [name, reason] of missing) console.log(`without ${name}: ${reason}`);
  const results = readResults(options.quick);
  if (options.rounds > 0) {
    results.machine = describeMachine();
    const known = { ...results.libraries, ...describeLibraries(adapters) };
    results.libraries = inAdapterOrder(known);
  }
  for (const name of options.scenarios) {
    const scenario = findScenario(name);
    const scenarioStart = performance.now();
    await measureScenario(scenario, { adapters, options, results });
    if (options.rounds > 0) {
      writeResults(results, options.quick);
      console.log(`\n[${secondsSince(scenarioStart)} s]`);
    }
    printScenario(scenario, results);
  }
  printGoals(results);
  if (options.write) writeDocs(results);
  if (options.quick)
    console.log('\nQuick: small sizes, one round. To see that everything runs, not for figures.');
  console.log(`\n${secondsSince(start)} s in all`);
}

try {
  await main();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
