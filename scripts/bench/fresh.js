/** Starts one measurement in a fresh process, waits for its line or its time limit, and leaves no process of it behind. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('./run-one.js', import.meta.url));
const root = fileURLToPath(new URL('../../', import.meta.url));

/** What changes how Node starts or how fast it runs. What certificates cost has a scenario of its own. */
const DISTURBING = [
  'NODE_OPTIONS',
  'NODE_EXTRA_CA_CERTS',
  'NODE_V8_COVERAGE',
  'NODE_COMPILE_CACHE',
  'NODE_ENV',
];

const cleanEnvironment = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !DISTURBING.includes(name) && !name.startsWith('npm_') && !name.startsWith('LOKY_'),
  ),
);

const running = new Set();

/** A measurement leads a process group of its own; some libraries leave workers in it. */
function endGroup({ pid }) {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody is left in it.
  }
}

process.on('exit', () => {
  for (const child of running) endGroup(child);
});
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

/** Gives `{ status, metrics, took, message? }` and never rejects. */
export async function measure(pool, { name, timeout, env }, quick) {
  const child = spawn(process.execPath, [script, pool, name, ...(quick ? ['--quick'] : [])], {
    stdio: ['ignore', 'pipe', process.env.BENCH_DEBUG ? 'inherit' : 'ignore'],
    env: { ...cleanEnvironment, ...env },
    detached: true,
  });
  running.add(child);
  const start = performance.now();
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    endGroup(child);
  }, timeout);
  await new Promise((resolve) => {
    child.once('error', resolve);
    // A worker that still holds the pipe is ended with the group.
    child.once('exit', () => endGroup(child));
    child.once('close', resolve);
  });
  clearTimeout(timer);
  running.delete(child);
  const took = performance.now() - start;
  if (isLate) return { status: `> ${timeout / 1000} s`, metrics: {}, took };
  const { message, ...outcome } = outcomeIn(text);
  // Messages are kept in a file for everyone: without the folders of this machine.
  return {
    ...outcome,
    took,
    ...(message && { message: message.replaceAll(root, '').split('\n')[0].slice(0, 200) }),
  };
}
