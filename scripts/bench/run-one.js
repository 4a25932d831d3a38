/**
 * One measurement in a process of its own: `node run-one.js ADAPTER SCENARIO [--quick]` prints one JSON line,
 * `{ status, metrics, message? }`, whatever the library does, and leaves. Its workers are the driver's to end.
 */
import { writeSync } from 'node:fs';
import { loadAdapter } from './adapters/index.js';
import { findScenario } from './scenarios/index.js';

const [name, scenarioName, ...flags] = process.argv.slice(2);

function report(outcome) {
  writeSync(1, `\n${JSON.stringify(outcome)}\n`);
  process.exit(0);
}

function failure(status) {
  return (error) => report({ status, metrics: {}, message: String(error?.message ?? error) });
}

process.on('uncaughtException', failure('crashes'));
process.on('unhandledRejection', failure('crashes'));

async function measure() {
  const scenario = findScenario(scenarioName);
  const adapter = await loadAdapter(name);
  const sizes = flags.includes('--quick') ? scenario.sizes.quick : scenario.sizes.full;
  if (adapter.external) return adapter.external(scenarioName, sizes);
  const library = await adapter.load();
  return scenario.run({ name, adapter, library, sizes });
}

measure().then((outcome) => report({ status: 'ok', ...outcome }), failure('fails'));
