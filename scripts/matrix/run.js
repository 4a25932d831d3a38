/**
 * Runs the corpus of sending through the built package, as one TypeScript program built and started in many ways, under
 * several versions of Node.js. Exit code 1 if anything fails.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { nodeIn, packagesFor } from './nodes.js';
import { readOptions, usage } from './options.js';
import { runProgram } from './run-program.js';
import { failuresOf, tableOf } from './table.js';
import { variants } from './variants.js';
import { openWorkshop } from './workshop.js';

const options = readOptions(process.argv.slice(2), Object.keys(variants));
if (options.help) console.log(usage);
else process.exitCode = (await runMatrix(options)) ? 0 : 1;

/** @returns whether all is well */
async function runMatrix({ nodes: majors, only }) {
  const packages = [...packagesFor(majors), ...only.flatMap((name) => variants[name].packages ?? [])];
  const workshop = openWorkshop([...new Set(packages)]);
  const nodes = majors.map((major) => nodeIn(workshop, major));
  const rows = new Map();
  for (const name of only) rows.set(name, await runVariant(workshop, name, nodes));
  const failures = failuresOf(rows);
  for (const failure of failures) console.log(`${failure}\n`);
  console.log(tableOf(rows));
  return failures.length === 0;
}

async function runVariant(workshop, name, nodes) {
  const { build, runsOn = () => true, skips = [] } = variants[name];
  const folder = join(workshop, 'variants', name);
  mkdirSync(folder, { recursive: true });
  const built = await tried(() => build(folder, join(workshop, 'node_modules')));
  const row = new Map();
  for (const node of nodes) {
    if (!runsOn(node)) row.set(node.version, { cannot: 'needs a newer one' });
    else if ('error' in built) row.set(node.version, failedBuild(built.error));
    else row.set(node.version, await runProgram(folder, node, built.value, skips));
    console.error(`${name} on ${node.version}: done after ${Math.round(performance.now())} ms`);
  }
  return row;
}

const failedBuild = (error) => ({
  passed: 0,
  skipped: 0,
  failures: [{ name: 'the build', reason: String(error?.message ?? error) }],
});

async function tried(action) {
  try {
    return { value: await action() };
  } catch (error) {
    return { error };
  }
}
