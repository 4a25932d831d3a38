/**
 * loky/bullmq beside BullMQ alone, in many short rounds in turns within one host, whose Workers and processes stay: on a machine that has
 * other work, the quick tenth of the rounds is what the machine can do. Needs `redis-server` and a build.
 *
 *     node scripts/bench/bullmq.js noop [--jobs 1000] [--rounds 40] [--concurrency 2,8,16] [--workers 2]
 *         Jobs that do nothing, through the processors of BullMQ, a line to a bare child and back (what any second process costs),
 *         `processor()` and `serveTasks`: the time of a job, the rate as a share of the first, and the CPU of a job.
 *     node scripts/bench/bullmq.js break-even [--lengths 0,0.1,0.2,0.5,1,2] [--jobs …] [--rounds …] [--concurrency …] [--workers …]
 *         From which length of a job on `processor()` is faster than the Worker's own process.
 *     node scripts/bench/bullmq.js scaling [--jobs 200] [--ms 30] [--machines 2] [--rounds 5]
 *         Jobs that need a core each, on one serving process with one worker, and on several. More than cores show nothing.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, Socket } from 'node:net';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Queue, Worker } from 'bullmq';
import { BullMQExecutor, processor, serveTasks } from '../../dist/bullmq.js';
import { ProcessPoolExecutor } from '../../dist/index.js';
import work, { burn, noop, tasks } from './bullmq-tasks.js';
import { allOf, cpuOf, descendants, inTurns, median, ownCpu, sorted, sum, timeOf, times } from './probes.js';

const file = fileURLToPath(new URL('./bullmq-tasks.js', import.meta.url));
const program = fileURLToPath(import.meta.url);
const removal = { removeOnComplete: true, removeOnFail: true };

/** A Redis of the benchmark's own, on a free port of the loopback, that writes nothing to disk. */
async function startRedis() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  const folder = mkdtempSync(join(tmpdir(), 'bench-redis-'));
  const place = ['--port', port, '--bind', '127.0.0.1', '--dir', folder];
  const server = spawn('redis-server', [...place, '--save', '']);
  for await (const chunk of server.stdout) if (String(chunk).includes('Ready to accept')) break;
  server.stdout.resume();
  const stop = async () => {
    server.kill();
    await once(server, 'exit');
    rmSync(folder, { recursive: true, force: true });
  };
  return { connection: { host: '127.0.0.1', port }, pid: server.pid, stop };
}

/** `add(count, ms)` adds jobs; each job that is done calls `note`. */
async function workerWay(name, connection, concurrency, run) {
  const queue = new Queue(name, { connection });
  const worker = new Worker(name, run, { connection, concurrency });
  await worker.waitUntilReady();
  const way = { add: (count, ms) => queue.addBulk(Array(count).fill({ name, data: { ms }, opts: removal })) };
  worker.on('completed', () => way.note());
  way.close = async () => {
    await worker.close();
    await Promise.all([queue.close(), run.close?.()]);
  };
  return way;
}

/** The executor waits in this process as well: its share is in the figure. */
async function servedWay(name, connection, concurrency) {
  const executor = new BullMQExecutor({ queue: name, connection, tasks, ...removal });
  const pool = new ProcessPoolExecutor({ maxWorkers: concurrency, onWorkerCrash: 'isolate' });
  await pool.prewarm();
  const server = serveTasks({ queue: name, connection, tasks, executor: pool });
  await server.ready;
  const way = { add: (count) => times(count, () => executor.submit(noop).addDoneCallback(() => way.note())) };
  way.close = async () => {
    await server.close();
    await Promise.all([executor.shutdown(), pool.shutdown()]);
  };
  return way;
}

/** A processor that writes a line to a bare child, and waits for a line back. */
function pipeProcessor(workers) {
  const children = times(workers, () => {
    const stdio = ['ignore', 'inherit', 'inherit', 'pipe'];
    const child = spawn(process.execPath, [program, 'answer-lines'], { stdio });
    const waiting = [];
    child.stdio[3].on('data', (chunk) => {
      for (const byte of chunk) if (byte === 10) waiting.shift()();
    });
    return { child, waiting };
  });
  const run = ({ id, name, data }) => {
    const { child, waiting } = children.reduce((a, b) => (b.waiting.length < a.waiting.length ? b : a));
    return new Promise((resolve) => {
      waiting.push(resolve);
      child.stdio[3].write(`${JSON.stringify({ id, name, data })}\n`);
    });
  };
  const close = () => {
    for (const { child } of children) child.kill();
  };
  return Object.assign(run, { close });
}

/** The least that a process can do for a job: answers each line on descriptor 3 with a line. */
function answerLines() {
  const pipe = new Socket({ fd: 3, readable: true, writable: true });
  pipe.on('data', (chunk) => pipe.write('\n'.repeat(String(chunk).split('\n').length - 1)));
  pipe.on('end', () => process.exit());
}

/** So many jobs at the start of a round are not counted, and as many at its end as run at once. */
const FIRST = 100;

/** The time and the CPU of one job of a round: all in µs. */
async function round(way, { jobs, ms = 0, concurrency, redis }) {
  const cpus = () => {
    const workers = sum(descendants().map(cpuOf)) - cpuOf(redis.pid);
    return { time: performance.now() * 1000, host: ownCpu(), redis: cpuOf(redis.pid), workers };
  };
  let [done, before, after] = [0, undefined, undefined];
  await new Promise((resolve) => {
    way.note = () => {
      done += 1;
      if (done === FIRST) before = cpus();
      else if (done === jobs - concurrency) after = cpus();
      else if (done === jobs) resolve();
    };
    way.add(jobs, ms);
  });
  const counted = jobs - FIRST - concurrency;
  return Object.fromEntries(Object.keys(after).map((of) => [of, (after[of] - before[of]) / counted]));
}

/** Figures of rounds in turns; those of the first ones are not counted, as the engine compiles. */
async function rounds(ways, options) {
  const turns = Object.entries(ways).map(([name, way]) => [name, () => round(way, options)]);
  await inTurns(Object.fromEntries(turns), Math.min(6, options.rounds));
  return inTurns(Object.fromEntries(turns), options.rounds);
}

const ofAll = (list, of) => median(list.map((each) => each[of]));

async function noops({ redis, jobs, rounds: count, concurrency: levels, workers }) {
  const { connection } = redis;
  for (const concurrency of levels) {
    const inPool = processor(file, { maxWorkers: Math.min(concurrency, workers), idleTimeout: null });
    const way = (name, run) => workerWay(`${name}-${concurrency}`, connection, concurrency, run);
    const ways = {
      'in-process': await way('in-process', async () => undefined),
      'bare child': await way('bare-child', pipeProcessor(Math.min(concurrency, workers))),
      sandboxed: await way('sandboxed', file),
      'processor()': await way('processor', inPool),
      serveTasks: await servedWay(`served-${concurrency}`, connection, concurrency),
    };
    const figures = await rounds(ways, { redis, jobs, rounds: count, concurrency });
    for (const { close } of Object.values(ways)) await close();
    const base = figures['in-process'];
    for (const [name, list] of Object.entries(figures)) {
      const quickOf = (each) => sorted(each.map(({ time }) => time))[Math.floor(each.length / 10)];
      const share = median(list.map(({ time }, index) => base[index].time / time)).toFixed(2);
      const cpu = ['host', 'redis', 'workers'].map((of) => `${of} ${ofAll(list, of).toFixed(0)}`).join(' + ');
      console.log(
        `${concurrency} at once  ${name.padEnd(11)}  µs a job: median ${ofAll(list, 'time').toFixed(0)}, quick ${quickOf(list).toFixed(0)}; ` +
          `share of the rate: median ${share}, quick ${(quickOf(base) / quickOf(list)).toFixed(2)}; CPU µs a job: ${cpu}`,
      );
    }
  }
}

/** Between the last length at which the pool is slower and the first at which it is not, in a straight line. */
function between(rows) {
  const after = rows.findIndex(({ ratio }) => ratio >= 1);
  if (after <= 0) return rows[after]?.ms;
  const [one, two] = [rows[after - 1], rows[after]];
  return one.ms + ((1 - one.ratio) / (two.ratio - one.ratio)) * (two.ms - one.ms);
}

async function breakEven({ redis, jobs, rounds: count, concurrency, workers, lengths }) {
  const inPool = processor(file, { maxWorkers: workers, idleTimeout: null });
  const [atOnce] = concurrency;
  const own = await workerWay('own', redis.connection, atOnce, async (job) => work(job));
  const pooled = await workerWay('pooled', redis.connection, atOnce, inPool);
  const rows = [];
  for (const ms of lengths) {
    const options = { redis, jobs, ms, rounds: count, concurrency: atOnce };
    const figures = await rounds({ own, pooled }, options);
    const ratio = median(figures.pooled.map(({ time }, index) => figures.own[index].time / time));
    rows.push({ ms, ratio });
    const [one, two] = ['own', 'pooled'].map((way) => `${Math.round(1e6 / ofAll(figures[way], 'time'))}/s`);
    console.log(
      `jobs of ${ms} ms: in the Worker's process ${one}, processor() ${two}, ratio ${ratio.toFixed(2)}`,
    );
  }
  const found = between(rows);
  const length = found === undefined ? 'not reached' : `${found.toFixed(2)} ms`;
  console.log(`break-even with ${workers} workers: ${length}`);
  await own.close();
  await pooled.close();
}

/** A machine: serves a queue with one worker until it is stopped. */
async function serve(queue, port) {
  const executor = new ProcessPoolExecutor({ maxWorkers: 1, onWorkerCrash: 'isolate' });
  await executor.prewarm();
  await serveTasks({ queue, connection: { host: '127.0.0.1', port: Number(port) }, tasks, executor }).ready;
  console.log('ready');
}

async function scaling({ redis: { connection }, jobs, ms, machines, rounds: count }) {
  const sample = 5_000_000;
  burn(sample);
  const before = ownCpu();
  burn(sample);
  const rounds = Math.round((sample * ms * 1_000) / (ownCpu() - before));
  const timeWith = async (queue, length) => {
    const started = await allOf(length, async () => {
      const args = [program, 'serve', queue, connection.port];
      const machine = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(machine.stdout, 'data');
      return machine;
    });
    const executor = new BullMQExecutor({ queue, connection, tasks, removeOnComplete: true });
    await allOf(10 * length, () => executor.submit(burn, rounds));
    const time = await timeOf(() => allOf(jobs, () => executor.submit(burn, rounds)));
    await executor.shutdown();
    const exits = started.map((machine) => once(machine, 'exit'));
    for (const machine of started) machine.kill();
    await Promise.all(exits);
    return time;
  };
  const figures = await inTurns(
    { one: (n) => timeWith(`one-${n}`, 1), more: (n) => timeWith(`more-${n}`, machines) },
    count,
  );
  const ratios = figures.one.map((time, index) => time / figures.more[index]);
  const text = ratios.map((ratio) => ratio.toFixed(2)).join(', ');
  console.log(
    `${jobs} jobs of ${ms} ms, ${machines} machines: ${median(ratios).toFixed(2)} times as fast as one (${text})`,
  );
}

const programs = {
  noop: [noops, { jobs: '1000', rounds: '40', concurrency: '2,8,16', workers: '2' }],
  'break-even': [
    breakEven,
    { jobs: '600', rounds: '5', concurrency: '8', workers: '2', lengths: '0,0.1,0.2,0.5,1,2' },
  ],
  scaling: [scaling, { jobs: '200', rounds: '5', ms: '30', machines: '2' }],
};

async function main() {
  const [name, ...args] = process.argv.slice(2);
  if (name === 'answer-lines') return answerLines();
  if (name === 'serve') return serve(...args);
  const [run, defaults] = programs[name] ?? [];
  if (run === undefined) throw new Error(`Expected one of ${Object.keys(programs).join(', ')}, not ${name}.`);
  const entries = Object.entries(defaults).map(([key, value]) => [key, { type: 'string', default: value }]);
  const { values } = parseArgs({ args, options: Object.fromEntries(entries) });
  const options = { redis: await startRedis() };
  for (const [key, text] of Object.entries(values)) {
    const isList = key === 'lengths' || key === 'concurrency';
    options[key] = isList ? text.split(',').map(Number) : Number(text);
  }
  try {
    await run(options);
    console.log(`load average of the last minute: ${loadavg()[0].toFixed(1)}`);
  } finally {
    await options.redis.stop();
  }
}

await main();
