/** The floor with a worker that reads blocking, as a worker with nothing else to do may. */
import { openRaw } from '../raw/host.js';

export const adapter = {
  label: 'raw pipe, worker blocking',
  kind: 'floor',
  only: ['round-trip', 'burst-20k', 'buffer-1k', 'buffer-100k', 'buffer-10m', 'buffer-100m'],
  load: () => ({}),
  open: (_library, { workers }) => openRaw('blocking', workers),
};
