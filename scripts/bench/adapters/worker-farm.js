/** worker-farm: child processes, up to ten calls at once in each (its default). */
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('./workers/worker-farm.cjs', import.meta.url));
const methods = ['noop', 'echo', 'census', 'spin', 'block'];

function open({ default: workerFarm }, { workers, faults }) {
  const options = { maxConcurrentWorkers: workers, autoStart: true };
  // Its default is to run a task whose worker died again, for ever: the caller would never hear of it.
  if (faults) options.maxRetries = 0;
  const farm = workerFarm(options, script, methods);
  const run = (task, argument = null) =>
    new Promise((resolve, reject) => {
      farm[task](argument, (error, result) => (error ? reject(error) : resolve(result)));
    });
  return { run, close: () => workerFarm.end(farm) };
}

export const adapter = {
  label: 'worker-farm',
  kind: 'process',
  package: 'worker-farm',
  load: () => import('worker-farm'),
  open,
};
