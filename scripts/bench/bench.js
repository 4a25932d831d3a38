/** The benchmark of loky against other pools and the floor: every measurement in a fresh process. See README.md. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { pathOf, pools } from './pools.js';
import { inTurns, isSettled, mapOf, summarize } from './probes.js';
import { page, report, toMarkdown } from './report.js';
import { groups, scenarios } from './scenarios/index.js';

function readOptions() {
  const [word, flag] = [{ type: 'string' }, { type: 'boolean' }];
  const options = { pools: word, rounds: word, quick: flag, write: flag };
  const { values, positionals } = parseArgs({ allowPositionals: true, options });
  const { quick, write, rounds = quick ? '1' : '3' } = values;
  const chosen = values.pools?.split(',') ?? Object.keys(pools);
  assertKnown(chosen, Object.keys(pools));
  assertKnown(positionals, [...Object.keys(groups), ...scenarios.map(({ name }) => name)]);
  if (!/^\d+$/.test(rounds)) throw new Error(`--rounds must be a whole number of 0 or more, not ${rounds}`);
  if (quick && write) throw new Error('--quick figures are not for the docs: leave out --write');
  const isNamed = ({ name, group, isExtra }) =>
    positionals.length === 0 ? !isExtra : positionals.includes(name) || positionals.includes(group);
  const hasChosen = (scenario) => scenario.pools.some((pool) => chosen.includes(pool));
  const wanted = scenarios.filter((scenario) => isNamed(scenario) && hasChosen(scenario));
  return { quick, write, chosen, rounds: Number(rounds), wanted };
}

function assertKnown(given, names) {
  const unknown = given.filter((name) => !names.includes(name));
  if (unknown.length > 0) throw new Error(`no ${unknown.join(', ')}: expected some of ${names.join(', ')}`);
}

/** Without what changes how Node starts or how fast it runs. What certificates cost has a scenario of its own. */
const env = { ...process.env };
const DISTURBING = /^(NODE_(OPTIONS|EXTRA_CA_CERTS|V8_COVERAGE|COMPILE_CACHE|ENV)|npm_.*|LOKY_.*)$/;
for (const name of Object.keys(env)) if (DISTURBING.test(name)) delete env[name];

let running;

/** A measurement leads a process group of its own; some libraries leave workers in it. */
function endGroup() {
  try {
    if (running?.pid !== undefined) process.kill(-running.pid, 'SIGKILL');
  } catch {
    // Nobody is left in it.
  }
}

process.on('exit', endGroup);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

/** Gives `{ status, metrics, took, message? }`. */
async function measure(pool, { name, timeout }, quick) {
  const start = performance.now();
  const stdio = ['ignore', 'pipe', process.env.BENCH_DEBUG ? 'inherit' : 'ignore'];
  const args = [pathOf('./run-one.js'), pool, name, ...(quick ? ['--quick'] : [])];
  running = spawn(process.execPath, args, { stdio, env, detached: true, timeout, killSignal: 'SIGKILL' });
  running.once('exit', endGroup); // A worker that still holds the pipe is ended with the group.
  const [output] = await Promise.all([text(running.stdout), once(running, 'close')]);
  running = undefined;
  const took = performance.now() - start;
  if (took > timeout) return { status: `> ${timeout / 1000} s`, metrics: {}, took };
  const result = /^\{"status":.*\}$/m.exec(output)?.[0]; // other lines are what a library printed
  const died = { status: 'crashes', metrics: {}, message: 'the host process ended without a result' };
  const { message, ...outcome } = result ? JSON.parse(result) : died;
  // Messages are kept in a file for everyone: without the folders of this machine.
  const line = message?.replaceAll(pathOf('../../'), '').split('\n')[0].slice(0, 200);
  return { ...outcome, took, ...(line && { message: line }) };
}

/** Gives the summary of each of these pools. */
async function measureAll(scenario, measured, rounds, quick) {
  const wayOf = (pool) => (samples) => (isSettled(samples) ? undefined : measure(pool, scenario, quick));
  const samples = await inTurns(mapOf(measured, wayOf), rounds);
  return mapOf(measured, (pool) => summarize(samples[pool]));
}

/** The kept figures. A partial run replaces what it measured. */
const kept = new URL('./results/latest.json', import.meta.url);
const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

/** A line for each pool of each scenario: what is deeper stays on its line. */
function writeResults(results) {
  const text = JSON.stringify(results, undefined, 2);
  writeFileSync(kept, `${text.replace(/\n {8,}|\n {6}(?=\})/g, '')}\n`);
}

function describeMachine() {
  const platform = `${process.platform} ${release().split('-')[0]}`;
  return { node: process.version, platform, cpu: cpus()[0].model, cpus: cpus().length };
}

/** Of the peers, by the names of their packages. */
function versionsOf(chosen) {
  const { dependencies } = readJson(new URL('./package.json', import.meta.url));
  const libraries = chosen.map((pool) => pools[pool].library);
  return Object.fromEntries(Object.entries(dependencies).filter(([name]) => libraries.includes(name)));
}

async function main() {
  const { rounds, write, quick, wanted, chosen } = readOptions();
  // Figures of another run, or of another size, are not mixed with those of this one unless they are kept together.
  const results = write || rounds === 0 ? readJson(kept) : { machine: {}, versions: {}, scenarios: {} };
  for (const scenario of rounds > 0 ? wanted : []) {
    console.log(`${scenario.name} …`);
    const measured = scenario.pools.filter((pool) => chosen.includes(pool));
    const summaries = await measureAll(scenario, measured, rounds, quick);
    results.scenarios[scenario.name] = { ...results.scenarios[scenario.name], ...summaries };
    results.machine = describeMachine();
    results.versions = { ...results.versions, ...versionsOf(chosen) };
    if (write) writeResults(results);
  }
  console.log(`\n${report(results, wanted)}`);
  if (write) writeFileSync(page, toMarkdown(results));
  if (quick) console.log('\nSmall sizes, one round: to see that everything runs, not for figures.');
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
