/** jest-worker with child processes, its default. */
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('../tasks.cjs', import.meta.url));

function open({ Worker }, { workers }) {
  const pool = new Worker(script, {
    numWorkers: workers,
    exposedMethods: ['noop', 'echo', 'census', 'spin', 'block'],
  });
  return {
    run: (task, argument) => (argument === undefined ? pool[task]() : pool[task](argument)),
    close: () => pool.forceExit?.() ?? pool.end(),
  };
}

export const adapter = {
  label: 'jest-worker',
  kind: 'process',
  package: 'jest-worker',
  load: () => import('jest-worker'),
  open,
};
