/** The first result from nothing, in a process that does just that: `first-result.js` beside `run-one.js`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('../first-result.js', import.meta.url));

async function runOnce(name) {
  const start = performance.now();
  const child = spawn(process.execPath, [script, name], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close').then(([code]) => {
    throw new Error(`it ended with code ${code} before its first result`);
  });
  ended.catch(() => {});
  const [line] = await Promise.race([once(child.stdout, 'data'), ended]);
  const whole = performance.now() - start;
  const { created, imported } = JSON.parse(line.toString());
  return { created, imported, whole };
}

export const firstResult = {
  name: 'first-result',
  group: 'start and faults',
  title: 'First result from nothing, one worker',
  metrics: {
    created: { title: 'first result, from the creation of the pool', unit: 'ms', better: 'lower' },
    imported: { title: 'first result, from the import', unit: 'ms', better: 'lower' },
    whole: { title: 'first result, whole process', unit: 'ms', better: 'lower' },
  },
  sizes: { full: {}, quick: {} },
  timeout: 15_000,
  async run({ name }) {
    const metrics = await runOnce(name);
    // Nothing is created there: only the whole says something.
    return { metrics: name === 'node' ? { whole: metrics.whole } : metrics };
  },
};
