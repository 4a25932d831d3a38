/** poolifier with processes of node:cluster. */
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('./workers/poolifier.cjs', import.meta.url));

function open({ FixedClusterPool }, { workers }) {
  const pool = new FixedClusterPool(workers, script);
  return {
    run: (task, argument) => pool.execute(argument, task),
    close: () => pool.destroy(),
  };
}

export const adapter = {
  label: 'poolifier (cluster)',
  kind: 'process',
  package: 'poolifier',
  load: () => import('poolifier'),
  open,
};
