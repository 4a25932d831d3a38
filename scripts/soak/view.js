/**
 * `node scripts/soak/view.js --minutes 60`: the load of soak.js in a process of its own, with a page of the live view open in
 * Chromium. Memory of the host and of the page is sampled; exits with 1 if either grows, or the page has an error.
 *
 *   --minutes N   how long (60)      --workers N   of the load (2)
 *   --every N     seconds between samples (5)      --json file   keeps the samples there
 *   CHROMIUM      the browser (default: chromium in the PATH)
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { browserPath } from './browser.js';
import { readOptions } from './options.js';
import { judge, quartersOf } from './verdict.js';

const series = [
  { key: 'hostRss', share: 0.1, slack: 10e6 },
  { key: 'hostHeap', share: 0.1, slack: 3e6 },
  { key: 'pageHeap', share: 0.1, slack: 3e6 },
  { key: 'pageNodes', share: 0.1, slack: 200 },
  { key: 'pageListeners', share: 0.1, slack: 50 },
];

const { minutes, workers, every, json } = readOptions(process.argv.slice(2), { json: undefined });
const host = fork(fileURLToPath(new URL('./view-host.js', import.meta.url)), [String(workers)], {
  execArgv: ['--expose-gc'],
});
const [{ url }] = await once(host, 'message');
const browser = await chromium.launch({ executablePath: browserPath(), args: ['--no-sandbox'] });
const faults = [];
const samples = [];
try {
  const page = await openPage();
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  const startedAt = performance.now();
  while (performance.now() < startedAt + minutes * 60_000) {
    await sleep(every * 1000);
    samples.push({
      second: Math.round((performance.now() - startedAt) / 1000),
      ...(await sample(session, page)),
    });
    if (samples.length % 12 === 0) console.log(JSON.stringify(samples.at(-1)));
  }
} finally {
  await browser.close();
  host.disconnect();
}
const [exitCode] = await once(host, 'exit');
if (json !== undefined) writeFileSync(json, `${JSON.stringify({ minutes, workers, samples })}\n`);
report();

async function openPage() {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text());
  });
  await page.goto(url);
  await page.getByText('live', { exact: true }).waitFor();
  return page;
}

async function sample(session, page) {
  await session.send('HeapProfiler.collectGarbage');
  const { metrics } = await session.send('Performance.getMetrics');
  const of = (name) => metrics.find((metric) => metric.name === name)?.value;
  host.send('sample');
  const [figures] = await once(host, 'message');
  return {
    ...figures,
    pageHeap: of('JSHeapUsedSize'),
    pageNodes: of('Nodes'),
    pageListeners: of('JSEventListeners'),
    isLive: await page.getByText('live', { exact: true }).isVisible(),
  };
}

function report() {
  const verdicts = series.map((each) => judge(samples, each));
  for (const { key, growth, allowed, flat } of verdicts) {
    const { first, last } = quartersOf(samples, key);
    const [f, l, g, a] = [first, last, growth, allowed].map((each) => Math.round(each).toLocaleString('en'));
    console.log(
      `${flat ? 'flat ' : 'GROWS'} ${key.padEnd(14)} first quarter ${f}, last quarter ${l}; growth in the second half ${g}, noise ${a}`,
    );
  }
  const silent = samples.filter(({ isLive }) => !isLive).length;
  const { tasks = 0, crashes = 0, unexpected = 0 } = samples.at(-1) ?? {};
  console.log(
    `${tasks.toLocaleString('en')} tasks, ${crashes.toLocaleString('en')} crashes, ${unexpected} errors that were not on purpose`,
  );
  console.log(
    `the page was not live in ${silent} of ${samples.length} samples, and had ${faults.length} errors`,
  );
  for (const fault of faults.slice(0, 5)) console.log(`  ${fault}`);
  const isFlat = samples.length > 0 && verdicts.every(({ flat }) => flat);
  const isFine = isFlat && silent === 0 && unexpected === 0 && faults.length === 0 && exitCode === 0;
  console.log(isFine ? 'verdict: host and page are flat' : 'verdict: NOT FINE');
  process.exitCode = isFine ? 0 : 1;
}
