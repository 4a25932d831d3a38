/**
 * The kept figures: for each scenario and library the samples of all rounds and their summary. A partial run
 * replaces what it measured and leaves the rest.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { worse } from '../measure/payloads.js';
import { summary } from '../measure/statistics.js';

const fileOf = (quick) =>
  fileURLToPath(new URL(quick ? '../scratch/quick.json' : '../results/latest.json', import.meta.url));

export function readResults(quick) {
  const file = fileOf(quick);
  const empty = { machine: {}, libraries: {}, scenarios: {} };
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : empty;
}

export function writeResults(results, quick) {
  const file = fileOf(quick);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
}

export function describeMachine() {
  const [{ model }] = cpus();
  return {
    node: process.version,
    platform: `${process.platform} ${release().split('-')[0]}`,
    cpu: model,
    cpus: cpus().length,
  };
}

function versionOf(adapter) {
  if (adapter.version) return adapter.version();
  if (!adapter.package) return undefined;
  const file = new URL(`../node_modules/${adapter.package}/package.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')).version;
}

export function describeLibraries(adapters) {
  const entries = [...adapters].map(([name, adapter]) => {
    const version = versionOf(adapter);
    return [name, { label: adapter.label, kind: adapter.kind, ...(version && { version }) }];
  });
  return Object.fromEntries(entries);
}

/** `{ status, metrics: { key: { median, min, max, count } }, message?, measuredAt }` */
export function summarize(samples) {
  const failed = samples.find(({ status }) => status !== 'ok' && status !== 'lossy');
  const status = failed?.status ?? samples.map((sample) => sample.status).reduce(worse);
  const keys = new Set(samples.flatMap(({ metrics }) => Object.keys(metrics)));
  const metrics = {};
  for (const key of keys) {
    const values = summary(samples.map((sample) => sample.metrics[key]));
    if (values) metrics[key] = values;
  }
  const message = samples.find((sample) => sample.message)?.message;
  return { status, metrics, ...(message && { message }), measuredAt: new Date().toISOString() };
}
