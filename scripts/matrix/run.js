/**
 * Runs a program through the built package, as one TypeScript program built and started in many ways, under several
 * versions of Node.js. Exit code 1 if anything fails.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { runMatrix } from './matrix.js';
import { readOptions, usage } from './options.js';
import { page, staleIn, withTable, writtenIn } from './page.js';
import { programs } from './programs.js';
import { problemsOf, summaryOf } from './table.js';
import { nodesFor, variants } from './variants.js';

const names = Object.keys(variants);
const often = names.filter((name) => variants[name].often);
const sets = { all: names, often, written: writtenIn(readFileSync(page, 'utf8')) };
const options = readOptions(process.argv.slice(2), sets, Object.keys(programs));
if (options.help) console.log(usage);
else process.exitCode = (await run(options)) ? 0 : 1;

/** @returns whether all is well */
async function run({ program, only, nodes, workshop, write, check, refusals }) {
  const nodesOf = nodes ? () => nodes : nodesFor;
  const rows = await runMatrix({ program, only, nodesOf, workshop });
  const problems = problemsOf(rows, refusals ? ['same', 'skipped'] : undefined);
  for (const problem of problems) console.log(`${problem}\n`);
  console.log(summaryOf(rows));
  if (write) writeFileSync(page, withTable(readFileSync(page, 'utf8'), rows));
  const stale = check ? staleIn(readFileSync(page, 'utf8'), rows) : [];
  for (const text of stale) console.log(text);
  return problemsOf(rows).length + stale.length === 0;
}
