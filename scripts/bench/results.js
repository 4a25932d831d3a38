/** The kept figures: for each scenario and pool a summary of all rounds. A partial run replaces what it measured. */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { pools } from './pools.js';
import { median } from './probes.js';

const file = new URL('./results/latest.json', import.meta.url);

export const readResults = () => JSON.parse(readFileSync(file, 'utf8'));

/** A line for each pool of each scenario. */
export function writeResults({ scenarios, ...rest }) {
  const membersOf = (object, toText, indent) => {
    const lines = Object.entries(object).map(([key, each]) => `${indent}"${key}": ${toText(each)}`);
    return `{\n${lines.join(',\n')}\n${indent.slice(2)}}`;
  };
  const blockOf = (entries) => membersOf(entries, JSON.stringify, '      ');
  const textOf = (part) => (part === scenarios ? membersOf(part, blockOf, '    ') : JSON.stringify(part));
  writeFileSync(file, `${membersOf({ ...rest, scenarios }, textOf, '  ')}\n`);
}

export function describeMachine() {
  const platform = `${process.platform} ${release().split('-')[0]}`;
  return { node: process.version, platform, cpu: cpus()[0].model, cpus: cpus().length };
}

/** Of the peers, by the names of their packages. */
export function versionsOf(chosen) {
  const versionOf = (name) =>
    JSON.parse(readFileSync(new URL(`./node_modules/${name}/package.json`, import.meta.url), 'utf8')).version;
  const names = chosen.map((name) => pools[name].package).filter(Boolean);
  return Object.fromEntries(names.map((name) => [name, versionOf(name)]));
}

const isFine = (status) => status === 'ok' || status === 'lossy';

/** One that hung, crashed or was wrong is not tried again: its time is better spent. */
export const isSettled = (samples) => samples.some(({ status, took }) => !isFine(status) || took > 12_000);

/** `{ status, metrics: { key: [median, least, most] }, rounds, message? }` */
export function summarize(samples) {
  const failed = samples.find(({ status }) => !isFine(status));
  const { status, message } = failed ?? samples.find((each) => each.status === 'lossy') ?? samples[0];
  const keys = new Set(samples.flatMap(({ metrics }) => Object.keys(metrics)));
  const metrics = {};
  for (const key of keys) {
    const values = samples.map((sample) => sample.metrics[key]).filter(Number.isFinite);
    const figures = [median(values), Math.min(...values), Math.max(...values)];
    if (values.length > 0) metrics[key] = figures.map((figure) => Number(figure.toPrecision(4)));
  }
  return { status, metrics, rounds: samples.length, ...(message && { message }) };
}
