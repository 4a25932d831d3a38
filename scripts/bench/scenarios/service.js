/** What a service meets: what the live view costs its host and its reader, and what the end of a worker costs its host. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { browserPath } from '../../soak/browser.js';
import { openWarm } from '../pools.js';
import { allOf, delay, inTurns, mapOf, mean, median, ownCpu, sized, sorted } from '../probes.js';
import tasks from '../tasks.cjs';

/** Reads what a view sends, until that ends. */
const reader = `fetch(process.argv[1], { headers: { accept: 'text/event-stream' } }).then(async ({ body }) => {
  console.log('open');
  for await (const _ of body);
})`;

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

/** Milliseconds of CPU of the longest turn of the event loop of the page: its reader's scrolling waits for it. */
function longestTurn(events) {
  const threads = events.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain');
  const turns = threads.map(({ pid, tid }) =>
    events.filter((event) => event.pid === pid && event.tid === tid && event.name.endsWith('RunTask')),
  );
  const [ofPage = []] = turns.sort((a, b) => b.length - a.length); // the other one is that of an empty page
  return Math.max(...ofPage.map(({ tdur = 0 }) => tdur / 1000));
}

/** The figures of a page under load, for so many seconds. */
async function figuresOf(page, browser, seconds) {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const read = async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
  };
  await browser.startTracing(page, { categories: ['toplevel'] });
  const before = await read();
  await delay(seconds * 1000);
  const after = await read();
  const trace = JSON.parse(String(await browser.stopTracing()));
  const busy = ((after.TaskDuration - before.TaskDuration) / seconds) * 100;
  return { busy, longest: longestTurn(trace.traceEvents), heap: after.JSHeapUsedSize };
}

/** What ends all workers of a pool at once: options, and what all of them are sent. */
const ends = {
  crash: [{}, () => process.kill(process.pid, 'SIGKILL')],
  retirement: [{ maxTasksPerWorker: 1 }, tasks.noop], // each is replaced, which is part of the figure
  leaving: [{ idleTimeout: 1000 }, tasks.noop],
};

/** Beside so many other processes, the children of a shell: this process would look at each of its own when a worker ends. */
const endsOf = (others) => ({
  rows: mapOf(
    Object.keys(ends),
    (way) => `the end of a worker by ${way}, beside ${others} processes more: host CPU, ms`,
  ),
  async run(pool) {
    const loop = `for i in $(seq ${sized(others)}); do sleep 3600 & done; echo started; cat >/dev/null`;
    const shell = spawn('/bin/sh', ['-c', loop], { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(shell.stdout, 'data');
    const { ProcessPoolExecutor } = await pool.load();
    const workers = sized(20);
    /** Milliseconds of host CPU for each worker, from its last task to after its end. */
    const costOf = async ([options, task]) => {
      const executor = new ProcessPoolExecutor({ maxWorkers: workers, onWorkerCrash: 'isolate', ...options });
      await executor.prewarm();
      await delay(300);
      const cpu = ownCpu();
      await allOf(workers, () => executor.submit(task).exception());
      await delay(2000);
      const cost = (ownCpu() - cpu) / 1000 / workers;
      await executor.shutdown({ killWorkers: true });
      return cost;
    };
    const costs = {};
    // Once more at first: what is compiled once is.
    for (const way of ['crash', ...Object.keys(ends)]) costs[way] = await costOf(ends[way]);
    return costs;
  },
});

export const service = {
  'view-page': {
    rows: {
      bare: '10,000 tasks a second: host CPU, without a view, % of a core',
      served: '10,000 tasks a second: what a view adds that no page looks at, % of a core',
      open: ['10,000 tasks a second: what a view adds with one page open, % of a core', { loky: 1 }],
    },
    /**
     * In turns: a busy machine hits all of them. Each has a pool of its own, as the workers of a pool that was looked at are sampled
     * for a while. The page is a process of its own.
     */
    async run(pool) {
      const { serveView } = await import('../../../dist/view.js');
      const way = async (isServed, isOpen) => {
        const { executor } = await openWarm(pool, { workers: 1 });
        const cpuOfLoad = () => load((input) => executor.submit(tasks.echo, input), 10_000, sized(1500));
        await cpuOfLoad();
        return async () => {
          const view = isServed && (await serveView({ executors: [executor] }));
          if (isOpen) {
            const stdio = ['ignore', 'pipe', 'ignore'];
            const page = spawn(process.execPath, ['-e', reader, view.url], { stdio });
            await once(page.stdout, 'data');
          }
          const cpu = await cpuOfLoad();
          if (isServed) await view.close();
          return cpu;
        };
      };
      const ways = { bare: await way(), served: await way(true), open: await way(true, true) };
      await ways.open(); // what is compiled once is
      const figures = await inTurns(ways, sized(40));
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
      heap: 'a page with 64 workers and 50,000 tasks a minute: heap, MB',
    },
    isExtra: true, // needs Chromium
    /** The workers wait only, for 70 ms each time: a few cores are enough for all of them. */
    async run(pool) {
      const { chromium } = await import('playwright-core');
      const { serveView } = await import('../../../dist/view.js');
      const { executor } = await openWarm(pool, { workers: sized(64) });
      const { url } = await serveView({ executors: [executor] });
      const browser = await chromium.launch({ executablePath: browserPath(), args: ['--no-sandbox'] });
      try {
        const page = await browser.newPage({ viewport: { width: 1280, height: 2_200 } });
        await page.goto(url);
        const loading = load(() => executor.submit(tasks.wait, 70), 50_000 / 60, sized(80_000));
        await delay(sized(60_000)); // the page shows a minute
        const figures = await figuresOf(page, browser, sized(10));
        await loading;
        return figures;
      } finally {
        await browser.close();
      }
    },
  },
  'ends-beside-0': endsOf(0),
  'ends-beside-1500': endsOf(1500),
};
