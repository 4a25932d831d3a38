/** This package, as built in `dist`: functions of a module, by reference. */
import { existsSync } from 'node:fs';

const entry = new URL('../../../dist/index.js', import.meta.url);

async function load() {
  const [library, tasks] = await Promise.all([import(entry), import('../tasks.js')]);
  return { ...library, tasks };
}

export function openExecutor({ ProcessPoolExecutor, tasks }, { workers, faults, ...options }) {
  const executor = new ProcessPoolExecutor({
    maxWorkers: workers,
    ...(faults && { onWorkerCrash: 'isolate' }),
    ...options,
  });
  return {
    executor,
    run: (task, argument) =>
      argument === undefined ? executor.submit(tasks[task]) : executor.submit(tasks[task], argument),
    close: () => executor.shutdown({ killWorkers: true }),
  };
}

export const adapter = {
  label: 'loky',
  kind: 'ours',
  unavailable: () => (existsSync(entry) ? undefined : 'dist/index.js is not there: npm run build'),
  load,
  open: openExecutor,
};
