/** workerpool with child processes; its IPC channel carries JSON unless told otherwise. */
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('./workers/workerpool.cjs', import.meta.url));

export function openWorkerpool({ default: workerpool }, { workers, forkOpts }) {
  const pool = workerpool.pool(script, {
    workerType: 'process',
    minWorkers: workers,
    maxWorkers: workers,
    ...(forkOpts && { forkOpts }),
  });
  return {
    run: (task, argument) => pool.exec(task, argument === undefined ? [] : [argument]),
    close: () => pool.terminate(true),
  };
}

export const adapter = {
  label: 'workerpool',
  kind: 'process',
  package: 'workerpool',
  load: () => import('workerpool'),
  open: openWorkerpool,
};
