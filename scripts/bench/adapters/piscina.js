/** piscina: threads, so no isolation; here to compare speed. */
import { fileURLToPath } from 'node:url';

const filename = fileURLToPath(new URL('../tasks.cjs', import.meta.url));

function open({ Piscina }, { workers }) {
  const pool = new Piscina({ filename, minThreads: workers, maxThreads: workers });
  return {
    run: (task, argument) => pool.run(argument, { name: task }),
    close: () => pool.destroy(),
  };
}

export const adapter = {
  label: 'piscina (threads)',
  kind: 'threads',
  package: 'piscina',
  load: () => import('piscina'),
  open,
};
