/**
 * What an open page of the live view costs its host, in CPU, at 10,000 tasks a second:
 * `node scripts/bench/view.js [rounds] [seconds]` (default: 8 rounds of 3 s each way). After `npm run build`.
 *
 * Rounds without a view, with one that nothing looks at, and with one page open take turns in one process, so that a busy
 * machine hits all of them. The page is a process of its own that reads the stream.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProcessPoolExecutor } from '../../dist/index.js';
import { serveView } from '../../dist/view.js';

const RATE = 10_000;
/** In milliseconds: how often some are submitted. */
const STEP = 5;
const [rounds = 8, seconds = 3] = process.argv.slice(2).map(Number);

const readStream = `
let bytes = 0;
let messages = 0;
const response = await fetch(process.argv[1], { headers: { accept: 'text/event-stream' } });
for await (const chunk of response.body) {
  bytes += chunk.length;
  messages += Buffer.from(chunk).toString().split('event: delta').length - 1;
  process.stdout.write(JSON.stringify({ bytes, messages }) + '\\n');
}`;

const pool = new ProcessPoolExecutor({ maxWorkers: 1 });
const noop = (n) => n;
let settled = 0;
const note = () => {
  settled += 1;
};

/** Submits at a steady rate; returns CPU of this process and tasks, for each second. */
async function load(duration) {
  const before = process.cpuUsage();
  const [startedAt, first] = [performance.now(), settled];
  let submitted = 0;
  while (performance.now() - startedAt < duration) {
    const due = Math.min(((performance.now() - startedAt) * RATE) / 1000, submitted + RATE / 10);
    for (; submitted < due; submitted += 1) pool.submit(noop, submitted).addDoneCallback(note);
    await sleep(STEP);
  }
  while (settled - first < submitted) await sleep(1);
  const { user, system } = process.cpuUsage(before);
  const took = (performance.now() - startedAt) / 1000;
  return { cpu: (user + system) / 1e4 / took, rate: submitted / took };
}

async function withPage(run) {
  const view = await serveView({ executors: [pool] });
  const page = spawn(process.execPath, ['--input-type=module', '-e', readStream, view.url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let last = '';
  page.stdout.on('data', (chunk) => {
    last = String(chunk);
  });
  await once(page.stdout, 'data');
  const startedAt = performance.now();
  const result = await run();
  const took = (performance.now() - startedAt) / 1000;
  await view.close();
  await once(page, 'close');
  const { bytes, messages } = JSON.parse(last.trim().split('\n').at(-1));
  return { ...result, bytes: bytes / took, messages: messages / took };
}

async function withoutPage(run) {
  const view = await serveView({ executors: [pool] });
  const result = await run();
  await view.close();
  return result;
}

const ways = { 'without a view': (run) => run(), 'no page open': withoutPage, 'one page open': withPage };
const results = Object.fromEntries(Object.keys(ways).map((way) => [way, []]));
await load(2_000);
await withPage(() => load(2_000)); // what is compiled once is
for (let round = 0; round < rounds; round += 1) {
  const turn = Object.entries(ways);
  for (const [way, around] of round % 2 === 0 ? turn : turn.reverse())
    results[way].push(await around(() => load(seconds * 1000)));
}
await pool.shutdown();

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
const bare = results['without a view'].map(({ cpu }) => cpu);
for (const [way, all] of Object.entries(results)) {
  const more = median(all.map(({ cpu }, round) => cpu - bare[round]));
  const rate = median(all.map((each) => each.rate));
  console.log(
    `${way.padEnd(15)} ${median(all.map(({ cpu }) => cpu)).toFixed(2)} % of a core (${more >= 0 ? '+' : ''}${more.toFixed(2)}) at ${Math.round(rate)} tasks/s` +
      (all[0].bytes === undefined
        ? ''
        : `; ${median(all.map(({ messages }) => messages)).toFixed(1)} messages, ${Math.round(median(all.map(({ bytes }) => bytes)) / 1000)} kB a second`),
  );
}
