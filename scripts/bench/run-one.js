/**
 * One measurement in a process of its own: `node run-one.js POOL SCENARIO [--quick]` prints one JSON line,
 * `{ status, metrics, message? }`, whatever the library does, and leaves. Its workers are the driver's to end.
 */
import { writeSync } from 'node:fs';
import { pools } from './pools.js';
import { scenarios } from './scenarios/index.js';

const [pool, name] = process.argv.slice(2); // `--quick` is read by probes.js
const { run, rows } = scenarios.find((scenario) => scenario.name === name);

/** Figures that have no row are left out. */
function report({ status = 'ok', message, ...figures }) {
  const metrics = Object.fromEntries(rows.map(({ key }) => [key, figures[key]]));
  writeSync(1, `\n${JSON.stringify({ status, metrics, message })}\n`);
  process.exit();
}

const failure = (status) => (error) => report({ status, message: String(error?.message ?? error) });
process.on('uncaughtException', failure('crashes')).on('unhandledRejection', failure('crashes'));
run(pools[pool]).then(report, failure('fails'));
