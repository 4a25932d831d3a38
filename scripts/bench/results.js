/** The kept figures: for each scenario and pool a summary of all rounds. A partial run replaces what it measured. */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { pools } from './pools.js';
import { median } from './probes.js';

const file = new URL('./results/latest.json', import.meta.url);
const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

export const readResults = () => readJson(file);

/** A line for each pool of each scenario: what is deeper stays on its line. */
export function writeResults(results) {
  const text = JSON.stringify(results, undefined, 2);
  writeFileSync(file, `${text.replace(/\n {8,}|\n {6}(?=\})/g, '')}\n`);
}

export function describeMachine() {
  const platform = `${process.platform} ${release().split('-')[0]}`;
  return { node: process.version, platform, cpu: cpus()[0].model, cpus: cpus().length };
}

/** Of the peers, by the names of their packages. */
export function versionsOf(chosen) {
  const { dependencies } = readJson(new URL('./package.json', import.meta.url));
  const libraries = chosen.map((pool) => pools[pool].library);
  return Object.fromEntries(Object.entries(dependencies).filter(([name]) => libraries.includes(name)));
}

const isFine = ({ status }) => status === 'ok' || status === 'lossy';

/** One that hung, crashed or was wrong is not tried again: its time is better spent. */
export const isSettled = (samples) => samples.some((sample) => !isFine(sample) || sample.took > 12_000);

/** `{ status, metrics: { key: [median, least, most] }, rounds, message? }` */
export function summarize(samples) {
  const failed = samples.find((sample) => !isFine(sample));
  const { status, message } = failed ?? samples.find((sample) => sample.status === 'lossy') ?? samples[0];
  const metrics = {};
  for (const key of new Set(samples.flatMap((sample) => Object.keys(sample.metrics)))) {
    const values = samples.map((sample) => sample.metrics[key]).filter(Number.isFinite);
    const figures = [median(values), Math.min(...values), Math.max(...values)];
    if (values.length > 0) metrics[key] = figures.map((figure) => Number(figure.toPrecision(4)));
  }
  return { status, metrics, rounds: samples.length, ...(message && { message }) };
}
