/** The floor of every start: a bare `child_process.fork` until its first message. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('./workers/fork.cjs', import.meta.url));

export const adapter = {
  label: 'bare fork',
  kind: 'floor',
  only: ['first-result'],
  load: () => ({}),
  open: () => {
    const child = fork(script);
    const up = new Promise((resolve) => child.once('message', resolve));
    return { run: () => up, close: () => child.kill('SIGKILL') };
  },
};
