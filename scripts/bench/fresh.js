/** Starts one measurement in a fresh process, waits for its line or its time limit, and leaves no process of it behind. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
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

/** The last line that is one; the others are what a library printed. */
function outcomeIn(text) {
  for (const line of text.trimEnd().split('\n').reverse()) {
    try {
      const outcome = JSON.parse(line);
      if (outcome?.status) return outcome;
    } catch {
      // A library's.
    }
  }
  return { status: 'crashes', metrics: {}, message: 'the host process ended without a result' };
}

/** Gives `{ status, metrics, took, message? }`. */
export async function measure(pool, { name, timeout, env }, quick) {
  running = spawn(process.execPath, [script, pool, name, ...(quick ? ['--quick'] : [])], {
    stdio: ['ignore', 'pipe', process.env.BENCH_DEBUG ? 'inherit' : 'ignore'],
    env: { ...cleanEnvironment, ...env },
    detached: true,
  });
  const start = performance.now();
  let text = '';
  running.stdout.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  running.once('exit', endGroup); // a worker that still holds the pipe is ended with the group
  const timer = setTimeout(endGroup, timeout);
  await once(running, 'close');
  clearTimeout(timer);
  running = undefined;
  const took = performance.now() - start;
  if (took > timeout) return { status: `> ${timeout / 1000} s`, metrics: {}, took };
  const { message, ...outcome } = outcomeIn(text);
  // Messages are kept in a file for everyone: without the folders of this machine.
  const line = message?.replaceAll(root, '').split('\n')[0].slice(0, 200);
  return { ...outcome, took, ...(line && { message: line }) };
}
