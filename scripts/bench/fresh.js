/** Starts one measurement in a fresh process, waits for its line or its time limit, and leaves no process of it behind. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('./run-one.js', import.meta.url));
const root = fileURLToPath(new URL('../../', import.meta.url));

/** What changes how Node starts or how fast it runs. What certificates cost has a scenario of its own. */
const DISTURBING =
  /^(NODE_OPTIONS|NODE_EXTRA_CA_CERTS|NODE_V8_COVERAGE|NODE_COMPILE_CACHE|NODE_ENV|npm_.*|LOKY_.*)$/;
const cleanEnvironment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !DISTURBING.test(name)),
);

let running;

/** A measurement leads a process group of its own; some libraries leave workers in it. */
function endGroup() {
  try {
    if (running?.pid !== undefined) process.kill(-running.pid, 'SIGKILL');
  } catch {
    // Nobody is left in it.
  }
}

process.on('exit', endGroup);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

/** Other lines are what a library printed. */
function outcomeIn(output) {
  const line = /^\{"status":.*\}$/m.exec(output)?.[0];
  if (line !== undefined) return JSON.parse(line);
  return { status: 'crashes', metrics: {}, message: 'the host process ended without a result' };
}

/** Gives `{ status, metrics, took, message? }`. */
export async function measure(pool, { name, timeout }, quick) {
  const start = performance.now();
  running = spawn(process.execPath, [script, pool, name, ...(quick ? ['--quick'] : [])], {
    stdio: ['ignore', 'pipe', process.env.BENCH_DEBUG ? 'inherit' : 'ignore'],
    env: cleanEnvironment,
    detached: true,
  });
  running.once('exit', endGroup); // A worker that still holds the pipe is ended with the group.
  const timer = setTimeout(endGroup, timeout);
  const [output] = await Promise.all([text(running.stdout), once(running, 'close')]);
  clearTimeout(timer);
  running = undefined;
  const took = performance.now() - start;
  if (took > timeout) return { status: `> ${timeout / 1000} s`, metrics: {}, took };
  const { message, ...outcome } = outcomeIn(output);
  // Messages are kept in a file for everyone: without the folders of this machine.
  const line = message?.replaceAll(root, '').split('\n')[0].slice(0, 200);
  return { ...outcome, took, ...(line && { message: line }) };
}
