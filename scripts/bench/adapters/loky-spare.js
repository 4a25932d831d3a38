/** This package with one worker in reserve, for the time until the next result after a kill. */
import { adapter as loky, openExecutor } from './loky.js';

export const adapter = {
  ...loky,
  label: 'loky, one spare worker',
  only: ['next-after-kill'],
  open: (library, options) => openExecutor(library, { ...options, spareWorkers: 1 }),
};
