/**
 * What the end of a worker costs its host, in CPU, beside few and beside many other processes:
 * `node scripts/bench/ends.js [other processes]...` (default: 0 1500). Linux, after `npm run build`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProcessPoolExecutor } from '../../dist/index.js';

const WORKERS = 20;
const ROUNDS = 3;

const stay = () => new Promise(() => setInterval(() => {}, 1e6));
const crash = () => process.kill(process.pid, 'SIGKILL');

/** What ends all workers of a pool at once. */
const ways = {
  crash: (tasks) => tasks.map((pool) => pool.submit(crash)),
  kill: (tasks) => tasks.map((pool) => pool.submit(stay)),
  retirement: (tasks) => tasks.map((pool) => pool.submit(() => 1)),
  leaving: () => [],
};

const optionsOf = {
  retirement: { maxTasksPerWorker: 1 }, // each is replaced, which is part of the figure
  leaving: { idleTimeout: 1_000 },
};

const settled = (futures) => Promise.all(futures.map((future) => future.exception().catch(() => {})));
const cpuSince = (before) => {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
};

/** CPU of this process for each worker, from its last task to after its end, without that of starts. */
async function measure(way) {
  const pool = new ProcessPoolExecutor({
    maxWorkers: WORKERS,
    onWorkerCrash: 'isolate',
    ...optionsOf[way],
  });
  await pool.prewarm();
  await sleep(300);
  const tasks = Array(WORKERS).fill(pool);
  let before = process.cpuUsage();
  const futures = ways[way](tasks);
  if (way === 'kill') {
    while (!futures.every((future) => future.running())) await sleep(5);
    await sleep(300);
    before = process.cpuUsage();
    for (const future of futures) future.cancel({ kill: true });
  }
  await settled(futures);
  await sleep(2_000);
  const cpu = cpuSince(before);
  const started = pool.stats().workers.length;
  await pool.shutdown({ killWorkers: true });
  return { cpu: cpu / WORKERS, started };
}

/**
 * Children of a shell: this process would look at each of its own when one of them ends. The shell ends with its stdin,
 * and its whole group with it, however this process ends.
 */
async function startOthers(count) {
  const loop = `i=0; while [ $i -lt ${count} ]; do sleep 3600 & i=$((i + 1)); done; echo started; cat >/dev/null; kill -KILL 0`;
  const shell = spawn('/bin/sh', ['-c', loop], { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  await once(shell.stdout, 'data');
  return shell.pid;
}

const running = () => readdirSync('/proc').filter((name) => /^\d/.test(name)).length;

async function measureBeside(count) {
  const others = count > 0 ? await startOthers(count) : undefined;
  try {
    console.log(`${running()} processes`);
    for (const way of Object.keys(ways)) {
      const runs = [];
      for (let left = ROUNDS; left > 0; left -= 1) runs.push(await measure(way));
      const figures = runs.map(({ cpu }) => cpu.toFixed(2)).join(', ');
      console.log(
        `  ${way}: ${figures} ms of host CPU a worker; of them replaced: ${runs.map((run) => run.started)}`,
      );
    }
  } finally {
    if (others !== undefined) process.kill(-others, 'SIGKILL');
  }
}

const sizes = process.argv.slice(2).map(Number);
for (const size of sizes.length > 0 ? sizes : [0, 1500]) await measureBeside(size);
