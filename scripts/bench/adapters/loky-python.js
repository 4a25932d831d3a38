/** Python's loky (or joblib's copy of it), measured by Python itself: `python/run_one.py`. Optional. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('../python/run_one.py', import.meta.url));

const whichLoky = `
try:
    import loky
except ImportError:
    from joblib.externals import loky
print(loky.__version__)
`;

/** The first Python that has it: the one on the path may be another than the system's. */
function findPython() {
  for (const python of ['python3', '/usr/bin/python3']) {
    try {
      const options = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 10_000 };
      return { python, version: execFileSync(python, ['-c', whichLoky], options).trim() };
    } catch {
      // No such program, or no loky in it.
    }
  }
  return undefined;
}

let found;
function pythonWithLoky() {
  found ??= [findPython()];
  return found[0];
}

async function external(scenario, sizes) {
  const { python } = pythonWithLoky();
  const start = performance.now();
  const child = spawn(python, [script, scenario, JSON.stringify(sizes)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(child.stdout, 'data');
  const whole = performance.now() - start;
  await once(child, 'exit');
  const { status, metrics } = JSON.parse(line.toString());
  return { status, metrics: scenario === 'first-result' ? { ...metrics, whole } : metrics };
}

export const adapter = {
  label: 'loky (Python)',
  kind: 'python',
  unavailable: () => (pythonWithLoky() ? undefined : 'no python3 with loky or joblib'),
  version: () => pythonWithLoky()?.version,
  external,
};
