/** The floor: the same transport without an executor, both ends on the event loop. */
import { openRaw } from '../raw/host.js';

export const adapter = {
  label: 'raw pipe',
  kind: 'floor',
  load: () => ({}),
  open: (_library, { workers }) => openRaw('event-loop', workers),
};
