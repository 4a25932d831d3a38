/** The floor of every process: Node with nothing to do. Children are started when they are first asked for. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('./workers/fork.cjs', import.meta.url));

function open(_library, { workers }) {
  let children;
  let next = 0;
  const start = () => {
    const started = Array.from({ length: workers }, () => fork(script));
    return Promise.all(
      started.map((child) => new Promise((resolve) => child.once('message', () => resolve(child)))),
    );
  };
  const census = async () => {
    children ??= start();
    const { pid } = (await children)[next++ % workers];
    return { id: `${pid}`, pid, calls: 0 };
  };
  return {
    run: async (task) => (task === 'census' ? census() : undefined),
    close: async () => {
      for (const child of (await children) ?? []) child.kill('SIGKILL');
    },
  };
}

export const adapter = {
  label: 'bare Node process',
  kind: 'floor',
  only: ['first-result', 'memory-at-rest'],
  load: () => ({}),
  open,
};
