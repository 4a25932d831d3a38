/** The kept figures: for each scenario and pool a summary of all rounds. A partial run replaces what it measured. */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { fileURLToPath } from 'node:url';
import { pools } from './pools.js';
import { median } from './probes.js';

const file = fileURLToPath(new URL('./results/latest.json', import.meta.url));

export function readResults() {
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** A line for each pool of each scenario. */
export function writeResults({ machine, versions, scenarios }) {
  const linesOf = (entries) =>
    Object.entries(entries).map(([pool, entry]) => `      ${JSON.stringify(pool)}: ${JSON.stringify(entry)}`);
  const blocks = Object.entries(scenarios).map(
    ([name, entries]) => `    ${JSON.stringify(name)}: {\n${linesOf(entries).join(',\n')}\n    }`,
  );
  const text = `{
  "machine": ${JSON.stringify(machine)},
  "versions": ${JSON.stringify(versions)},
  "scenarios": {\n${blocks.join(',\n')}\n  }\n}\n`;
  writeFileSync(file, text);
}

export function describeMachine() {
  const [{ model }] = cpus();
  const platform = `${process.platform} ${release().split('-')[0]}`;
  return { node: process.version, platform, cpu: model, cpus: cpus().length };
}

/** Of the peers, by the names of their packages. */
export function versionsOf(chosen) {
  const names = new Set(chosen.filter((name) => ['process', 'threads'].includes(pools[name].kind)));
  const entries = [...names].map((name) => pools[name].package ?? name);
  const versionOf = (name) =>
    JSON.parse(readFileSync(new URL(`./node_modules/${name}/package.json`, import.meta.url), 'utf8')).version;
  return Object.fromEntries(entries.map((name) => [name, versionOf(name)]));
}

const isFine = (status) => status === 'ok' || status === 'lossy';

/** One that hung, crashed or was wrong is not tried again: its time is better spent. */
export function isSettled(samples) {
  return samples.some(({ status, took }) => !isFine(status) || took > 12_000);
}

/** `{ status, metrics: { key: [median, least, most] }, rounds, message? }` */
export function summarize(samples) {
  const failed = samples.find(({ status }) => !isFine(status));
  const lossy = samples.find(({ status }) => status === 'lossy');
  const keys = [...new Set(samples.flatMap(({ metrics }) => Object.keys(metrics)))];
  const metrics = keys.flatMap((key) => {
    const values = samples.map((sample) => sample.metrics[key]).filter(Number.isFinite);
    if (values.length === 0) return [];
    const figures = [median(values), Math.min(...values), Math.max(...values)];
    return [[key, figures.map((figure) => Number(figure.toPrecision(4)))]];
  });
  const message = failed?.message;
  const { status } = failed ?? lossy ?? { status: 'ok' };
  return {
    status,
    metrics: Object.fromEntries(metrics),
    rounds: samples.length,
    ...(message && { message }),
  };
}
