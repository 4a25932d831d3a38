/** tinypool with child processes. */
import { fileURLToPath } from 'node:url';

const filename = fileURLToPath(new URL('../tasks.cjs', import.meta.url));

function open({ default: Tinypool }, { workers }) {
  const pool = new Tinypool({
    runtime: 'child_process',
    filename,
    minThreads: workers,
    maxThreads: workers,
  });
  return {
    run: (task, argument) => pool.run(argument, { name: task }),
    close: () => pool.destroy(),
  };
}

export const adapter = {
  label: 'tinypool',
  kind: 'process',
  package: 'tinypool',
  load: () => import('tinypool'),
  open,
};
