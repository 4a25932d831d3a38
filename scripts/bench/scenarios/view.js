/** What the live view costs its host and its reader. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { browserPath } from '../../soak/browser.js';
import { openWarm } from '../pools.js';
import { delay, inTurns, mean, median, ownCpu, sized, sorted, sum } from '../probes.js';
import tasks from '../tasks.cjs';

/** Calls `submit` so many times a second, for some milliseconds; returns the CPU of this process, in per cent of one core. */
async function load(submit, rate, duration) {
  let [settled, submitted] = [0, 0];
  const note = () => {
    settled += 1;
  };
  const [cpu, startedAt] = [ownCpu(), performance.now()];
  const past = () => performance.now() - startedAt;
  while (past() < duration) {
    const due = Math.min((past() * rate) / 1000, submitted + 1000);
    for (; submitted < due; submitted += 1) submit(submitted).addDoneCallback(note);
    await delay(5);
  }
  while (settled < submitted) await delay(1);
  return (ownCpu() - cpu) / 10 / past();
}

/** Reads what a view sends, until that ends. */
const reader = `fetch(process.argv[1], { headers: { accept: 'text/event-stream' } }).then(async ({ body }) => {
  for await (const _ of body) console.log('open');
})`;

/**
 * One round gives the host's CPU under load. It has a pool of its own, as the workers of a pool that was looked at are sampled for a
 * while. The page is a process of its own.
 */
async function wayOf(pool, { isServed, isOpen }) {
  const { serveView } = await import('../../../dist/view.js');
  const { executor } = await openWarm(pool, { workers: 1 });
  const cpuOfLoad = () => load((input) => executor.submit(tasks.echo, input), 10_000, sized(1500));
  await cpuOfLoad();
  return async () => {
    const view = isServed && (await serveView({ executors: [executor] }));
    if (isOpen) {
      const stdio = ['ignore', 'pipe', 'ignore'];
      await once(spawn(process.execPath, ['-e', reader, view.url], { stdio }).stdout, 'data');
    }
    const cpu = await cpuOfLoad();
    if (isServed) await view.close();
    return cpu;
  };
}

/** Milliseconds of CPU of each turn of the event loop of the page: its reader's scrolling waits for it. */
function turnsOf(events) {
  const threads = events.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain');
  const [ofPage = []] = threads
    .map((thread) => events.filter(({ pid, tid }) => pid === thread.pid && tid === thread.tid))
    .sort((a, b) => b.length - a.length); // the other one is that of an empty page
  return ofPage.filter(({ name }) => name.endsWith('RunTask')).map(({ tdur = 0 }) => tdur / 1000);
}

export const view = {
  'view-page': {
    rows: {
      bare: '10,000 tasks a second: host CPU, without a view, % of a core',
      served: '10,000 tasks a second: what a view adds that no page looks at, % of a core',
      open: ['10,000 tasks a second: what a view adds with one page open, % of a core', { loky: 1 }],
    },
    async run(pool) {
      const ways = {
        bare: await wayOf(pool, {}),
        served: await wayOf(pool, { isServed: true }),
        open: await wayOf(pool, { isServed: true, isOpen: true }),
      };
      await ways.open(); // what is compiled once is
      const figures = await inTurns(ways, sized(40)); // a busy machine hits all of them
      /** Differences of pairs, without the fifth of them at either end: those are rounds that something else has hit. */
      const more = (list) => {
        const differences = sorted(list.map((cpu, round) => cpu - figures.bare[round]));
        const cut = Math.floor(differences.length / 5);
        return mean(differences.slice(cut, differences.length - cut));
      };
      return { bare: median(figures.bare), served: more(figures.served), open: more(figures.open) };
    },
  },
  'view-browser': {
    rows: {
      busy: 'a page with 64 workers and 50,000 tasks a minute: its thread, % of a core',
      longest: 'a page with 64 workers and 50,000 tasks a minute: its longest piece of work, ms',
    },
    isExtra: true, // needs Chromium
    /** The workers wait only, for 70 ms each time: a few cores are enough for all of them. */
    async run(pool) {
      const { chromium } = await import('playwright-core');
      const { serveView } = await import('../../../dist/view.js');
      const { executor } = await openWarm(pool, { workers: sized(64) });
      const { url } = await serveView({ executors: [executor] });
      const browser = await chromium.launch({ executablePath: browserPath(), args: ['--no-sandbox'] });
      const page = await browser.newPage({ viewport: { width: 1280, height: 2_200 } });
      await page.goto(url);
      const loading = load(() => executor.submit(tasks.wait, 70), 50_000 / 60, sized(80_000));
      await delay(sized(60_000)); // the page shows a minute
      const seconds = sized(10);
      await browser.startTracing(page, { categories: ['toplevel'] });
      await delay(seconds * 1000);
      const turns = turnsOf(JSON.parse(String(await browser.stopTracing())).traceEvents);
      await loading;
      await browser.close();
      return { busy: sum(turns) / seconds / 10, longest: Math.max(...turns) };
    },
  },
};
