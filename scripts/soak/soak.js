/**
 * `node scripts/soak/soak.js --minutes 60`: full load with crashes, sampled every few seconds, and the question
 * whether anything in this process grows. Writes the samples and a chart; exits with 1 if something is not flat.
 */
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { drawChart } from './chart.js';
import { startLoad } from './load.js';
import { readOptions } from './options.js';
import { series, takeSample } from './sample.js';
import { judge } from './verdict.js';

const options = readOptions(process.argv.slice(2));
await startLoad(options.workers).stop(); // what is loaded once, and stays, is there before the first sample
const startedAt = performance.now();
const end = startedAt + options.minutes * 60_000;
const before = takeSample(startedAt);
const { counts, stop } = startLoad(options.workers);
const samples = [];
while (performance.now() < end) {
  await sleep(options.every * 1000);
  samples.push(takeSample(startedAt));
  if (samples.length % 12 === 0) console.log(JSON.stringify({ ...samples.at(-1), ...counts }));
}
await stop();
await sleep(1000); // what was closed leaves the event loop's list a turn later
const after = takeSample(startedAt);

const verdicts = series.map((each) => judge(samples, each));
const remains = ['descriptors', 'timers', 'sockets', 'children', 'listeners', 'processes'].filter(
  (key) => after[key] > before[key],
);
const lost = counts.submitted - counts.values - counts.errors - counts.crashes - counts.unexpected;
const isFine =
  verdicts.every(({ flat }) => flat) && remains.length === 0 && counts.unexpected === 0 && lost === 0;

const title = `loky under full load for ${options.minutes} minutes: ${isFine ? 'everything is flat' : 'something is not flat'}`;
const subtitle = `${counts.submitted.toLocaleString('en')} tasks on ${options.workers} workers, ${counts.crashes.toLocaleString('en')} of which ended their worker; Node ${process.versions.node}`;
const drawn = series.map((each, index) => ({ ...each, verdict: verdicts[index] }));
writeFileSync(
  options.json,
  `${JSON.stringify({ node: process.versions.node, ...options, counts, before, after, verdicts, samples })}\n`,
);
writeFileSync(options.svg, drawChart({ title, subtitle, samples, series: drawn }));

for (const { key, mean, growth, allowed, flat } of verdicts) {
  const figures = [mean, growth, allowed].map((number) => Math.round(number).toLocaleString('en'));
  console.log(
    `${flat ? 'flat ' : 'GROWS'} ${key.padEnd(12)} mean ${figures[0]}, growth in the second half ${figures[1]}, noise ${figures[2]}`,
  );
}
console.log(`${JSON.stringify(counts)}, not settled: ${lost}`);
if (remains.length > 0)
  console.log(`left behind: ${remains.map((key) => `${key} ${before[key]} → ${after[key]}`)}`);
process.exitCode = isFine ? 0 : 1;
