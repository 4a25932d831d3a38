/**
 * What the live view costs its host, in CPU, at 10,000 tasks a second. Rounds without a view, with one that nothing looks at and
 * with one page open take turns in one process, so that a busy machine hits all of them; each has a pool of its own, as the
 * workers of a pool that was looked at are sampled for a while. The page is a process of its own that reads the stream.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { mean, median } from '../probes.js';
import tasks from '../tasks.cjs';
import { openWarm } from './calls.js';

const RATE = 10_000;
/** In milliseconds: how often some are submitted. */
const STEP = 5;

/** Reads the stream of each address that it is given, until it is given the next one. */
const reader = `
import { createInterface } from 'node:readline';
let reading;
createInterface({ input: process.stdin }).on('line', async (url) => {
  reading?.abort();
  reading = new AbortController();
  const response = await fetch(url, { headers: { accept: 'text/event-stream' }, signal: reading.signal });
  process.stdout.write('open');
  for await (const _ of response.body);
});
process.on('unhandledRejection', () => {}); // its stream has ended`;

/** Submits at a steady rate; returns the CPU of this process, in per cent of one core. */
async function load(executor, duration) {
  let settled = 0;
  let submitted = 0;
  const note = () => {
    settled += 1;
  };
  const before = process.cpuUsage();
  const startedAt = performance.now();
  const past = () => performance.now() - startedAt;
  while (past() < duration) {
    const due = Math.min((past() * RATE) / 1000, submitted + RATE / 10);
    for (; submitted < due; submitted += 1) executor.submit(tasks.echo, submitted).addDoneCallback(note);
    await sleep(STEP);
  }
  while (settled < submitted) await sleep(1);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 10 / past();
}

/** Differences of pairs, without the fifth of them at either end: those are rounds that something else has hit. */
function typical(differences) {
  const sorted = [...differences].sort((a, b) => a - b);
  const cut = Math.floor(sorted.length / 5);
  return mean(sorted.slice(cut, sorted.length - cut));
}

const percent = (title) => ({ title: `10,000 tasks a second: ${title}`, unit: '% of a core' });

export const view = [
  {
    name: 'view-page',
    group: 'own',
    title: 'What the live view costs its host',
    metrics: {
      bare: percent('host CPU, without a view'),
      served: percent('what a view adds that no page looks at'),
      open: percent('what a view adds with one page open'),
    },
    sizes: { full: { rounds: 40, duration: 1500 }, quick: { rounds: 2, duration: 200 } },
    timeout: 600_000,
    rounds: 1,
    kinds: ['ours'],
    async run(pool, { rounds, duration }) {
      const { serveView } = await import('../../../dist/view.js');
      const executors = await Promise.all(
        ['bare', 'served', 'open'].map(async () => (await openWarm(pool, { workers: 1 })).executor),
      );
      const [bare, served, open] = executors;
      const page = spawn(process.execPath, ['--input-type=module', '-e', reader], {
        stdio: ['pipe', 'pipe', 'ignore'],
      });
      const ways = {
        bare: () => load(bare, duration),
        async served() {
          const view = await serveView({ executors: [served] });
          const cpu = await load(served, duration);
          await view.close();
          return cpu;
        },
        async open() {
          const view = await serveView({ executors: [open] });
          page.stdin.write(`${view.url}\n`);
          await once(page.stdout, 'data');
          const cpu = await load(open, duration);
          await view.close();
          return cpu;
        },
      };
      for (const executor of executors) await load(executor, duration);
      await ways.open(); // what is compiled once is
      const figures = { bare: [], served: [], open: [] };
      for (let round = 0; round < rounds; round += 1) {
        const turn = Object.entries(ways);
        for (const [way, run] of round % 2 === 0 ? turn : turn.reverse()) figures[way].push(await run());
      }
      page.kill();
      const more = (way) => typical(figures[way].map((cpu, round) => cpu - figures.bare[round]));
      return { metrics: { bare: median(figures.bare), served: more('served'), open: more('open') } };
    },
  },
];
