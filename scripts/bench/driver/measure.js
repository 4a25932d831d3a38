/**
 * Starts one measurement in a fresh process, waits for its line or its time limit, and leaves no process of it
 * behind. Knows nothing of libraries.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('../run-one.js', import.meta.url));
const root = fileURLToPath(new URL('../../../', import.meta.url));

/** What changes how Node starts or how fast it runs: certificates alone cost a start up to 40 ms. */
const DISTURBING = [
  'NODE_OPTIONS',
  'NODE_EXTRA_CA_CERTS',
  'NODE_V8_COVERAGE',
  'NODE_COMPILE_CACHE',
  'NODE_ENV',
];

function cleanEnvironment() {
  const entries = Object.entries(process.env).filter(
    ([name]) => !DISTURBING.includes(name) && !name.startsWith('npm_') && !name.startsWith('LOKY_'),
  );
  return Object.fromEntries(entries);
}

const running = new Set();

/** A measurement leads a process group of its own; some libraries leave workers in it. */
function endGroup(child) {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    child.kill('SIGKILL');
  }
}

process.on('exit', () => {
  for (const child of running) endGroup(child);
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

function lastOutcome(text) {
  for (const line of text.trimEnd().split('\n').reverse()) {
    try {
      const outcome = JSON.parse(line);
      if (outcome?.status) return outcome;
    } catch {
      // Something that a library printed.
    }
  }
  return undefined;
}

/** Messages are kept in a file for everyone: without the folders of this machine. */
function withoutFolders(message) {
  return message?.replaceAll(root, '').split('\n')[0].slice(0, 200);
}

/** Gives `{ status, metrics, took, message? }` and never rejects. */
export function measure(lib, scenario, quick) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [script, lib, scenario.name, ...(quick ? ['--quick'] : [])], {
      stdio: ['ignore', 'pipe', process.env.BENCH_DEBUG ? 'inherit' : 'ignore'],
      env: cleanEnvironment(),
      detached: true,
    });
    running.add(child);
    const start = performance.now();
    let text = '';
    let late = false;
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
    });
    const timer = setTimeout(() => {
      late = true;
      endGroup(child);
    }, scenario.timeout);

    const finish = (code, signal) => {
      clearTimeout(timer);
      endGroup(child);
      running.delete(child);
      child.stdout.destroy();
      if (late)
        return resolve({ status: `> ${scenario.timeout / 1000} s`, metrics: {}, took: scenario.timeout });
      const outcome = lastOutcome(text) ?? {
        status: 'crashes',
        metrics: {},
        message: `the host process ended with ${signal ?? `exit code ${code}`}`,
      };
      const message = withoutFolders(outcome.message);
      resolve({ ...outcome, took: performance.now() - start, ...(message && { message }) });
    };
    child.once('error', (error) => {
      text = JSON.stringify({ status: 'fails', metrics: {}, message: error.message });
      finish(1, null);
    });
    // What the host wrote is read before its end is reported, unless a worker still holds the pipe.
    child.once('exit', (code, signal) => {
      endGroup(child);
      const grace = setTimeout(() => finish(code, signal), 300);
      child.stdout.once('close', () => {
        clearTimeout(grace);
        finish(code, signal);
      });
    });
  });
}
