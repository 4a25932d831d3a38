/** workerpool with child processes whose IPC channel carries structured clones. */
import { openWorkerpool, adapter as workerpool } from './workerpool.js';

export const adapter = {
  ...workerpool,
  label: 'workerpool, advanced',
  open: (library, options) =>
    openWorkerpool(library, { ...options, forkOpts: { serialization: 'advanced' } }),
};
