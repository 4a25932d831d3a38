/**
 * What the page of the live view costs the browser with 64 workers and 50,000 tasks a minute:
 * `node scripts/bench/view-page.js [workers] [tasks a minute] [seconds]`, after `npm run build`. Needs Chromium.
 *
 * A host that runs nothing sends what a real one would: a minute of it at once, then four messages a second.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { chromium } from 'playwright-core';
import { browserPath } from '../soak/browser.js';
import { delay, times } from './probes.js';

const [workers = 64, rate = 50_000, seconds = 10] = process.argv.slice(2).map(Number);
const html = readFileSync(new URL('../../dist/view.html', import.meta.url));
const now = () => performance.now() + 60_000;

/** As `Lanes` would give them: long tasks one by one, briefer ones in cells. */
function slices(from, to) {
  const count = Math.round(((to - from) * rate) / 60_000);
  return times(count, (n) => {
    const start = from + ((to - from) * n) / count;
    const duration = 5 + Math.random() * 70;
    return [10_000 + (n % workers), start, duration, 1 + (n % 9), Number(n % 97 === 0), 1, duration, n, 0];
  });
}

const state = () => ({
  now: now(),
  workers: times(workers, (rank) => ({
    ...{ key: `w1:${rank}`, row: 10_000 + rank, pool: 1, rank, pid: 1_000 + rank, state: 'busy' },
    ...{ isRetiring: false, memory: 8e7, growth: 1e6, cpu: Math.round(Math.random() * 100), done: 1_000 },
    ...{ ahead: 0, running: 1 },
    tasks: [{ id: rank, name: `function ${rank % 9}`, fn: 1 + (rank % 9), since: now() - 50 }],
  })),
  functions: times(9, (n) => [n + 1, `function ${n}`, 1_000, 40_000, 80, n]),
});
const pool = {
  ...{ key: 'p1', id: 1, state: 'open', pending: 3, running: workers, maxWorkers: workers },
  ...{ outcomes: {}, exits: {}, recycled: {}, leakThreshold: 3e8, settings: [] },
};
const point = (at) => ({
  ...{ at, done: rate / 60, failed: 1, pending: 3, running: workers, waitP50: 1, waitP99: 9 },
  ...{ runP50: 30, runP99: 70, loopP50: 0, loopP99: 1, cpu: 20, memory: 1e8 },
});
const host = {
  ...{ program: 'bench', pid: process.pid, machine: 'bench', node: process.version, loky: '' },
  ...{ timeOrigin: performance.timeOrigin - 60_000, actions: false },
};

/** Milliseconds of CPU of each turn of the event loop of the page, the longest first: the reader's scrolling waits for it. */
function tasksOf(events) {
  const threads = events.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain');
  const counted = threads.map(({ pid, tid }) => {
    const turns = events
      .filter((event) => event.pid === pid && event.tid === tid && event.name.endsWith('RunTask'))
      .map(({ tdur = 0 }) => tdur / 1000);
    return turns.sort((a, b) => b - a);
  });
  return counted.sort((a, b) => b.length - a.length)[0] ?? []; // the other one is that of an empty page
}

const server = createServer((request, response) => {
  if (!request.headers.accept?.includes('text/event-stream')) return response.end(html);
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const send = (event, data) => response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  let last = now();
  const points = times(600, (n) => point(last - (600 - n) * 1000));
  send('snapshot', { ...state(), host, pools: [pool], slices: slices(last - 60_000, last), points });
  const timer = setInterval(() => {
    const next = state();
    send('delta', { ...next, slices: slices(last, next.now), points: [point(next.now)] });
    last = next.now;
  }, 250);
  response.once('close', () => clearInterval(timer));
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const browser = await chromium.launch({ executablePath: browserPath(), args: ['--no-sandbox'] });
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 2_200 } });
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  const all = page.locator('.worker');
  await all.nth(workers - 1).waitFor();
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const read = async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
  };
  await delay(2_000);
  await browser.startTracing(page, { categories: ['toplevel'] });
  const before = await read();
  await delay(seconds * 1000);
  const after = await read();
  const share = (name) => `${(((after[name] - before[name]) / seconds) * 100).toFixed(1)} %`;
  const turns = tasksOf(JSON.parse(String(await browser.stopTracing())).traceEvents);
  console.log(`${workers} workers, all in sight, ${rate} tasks a minute
the page's thread is busy for ${share('TaskDuration')} of the time: scripts ${share('ScriptDuration')}, layout ${share('LayoutDuration')}
its longest piece of work took ${turns[0]?.toFixed(1)} ms of CPU; ${turns.filter((time) => time > 1_000 / 60).length} took longer than a frame
heap ${Math.round(after.JSHeapUsedSize / 1e6)} MB`);
} finally {
  await browser.close();
  server.closeAllConnections();
  server.close();
}
