/** What this process holds at one moment: memory, descriptors, sockets, timers, listeners, processes. */
import { descendants, descriptors, heldObjects, listeners } from '../stress/remains.js';

/** Memory in bytes. Asking for what is held collects garbage first: what is left of the heap is held, too. */
export function takeSample(startedAt) {
  const { timers, sockets, children } = heldObjects();
  const { rss, heapUsed, external } = process.memoryUsage();
  return {
    second: Math.round((performance.now() - startedAt) / 100) / 10,
    rss,
    heap: heapUsed + external,
    descriptors: descriptors().length,
    timers,
    sockets,
    children,
    listeners: listeners().reduce((sum, [, count]) => sum + count, 0),
    processes: descendants().length,
  };
}

/** The series that are judged and drawn: what each is called, and by how much it may grow for an hour to be flat. */
export const series = [
  { key: 'rss', label: 'resident memory', unit: 'MB', scale: 1e6, share: 0.1, slack: 10e6 },
  { key: 'heap', label: 'heap after a collection', unit: 'MB', scale: 1e6, share: 0.1, slack: 2e6 },
  { key: 'descriptors', label: 'descriptors', unit: '', scale: 1, share: 0.05, slack: 3 },
  { key: 'sockets', label: 'sockets', unit: '', scale: 1, share: 0.05, slack: 3 },
  { key: 'timers', label: 'timers', unit: '', scale: 1, share: 0.05, slack: 2 },
  { key: 'children', label: 'child processes held', unit: '', scale: 1, share: 0.05, slack: 3 },
  { key: 'listeners', label: 'listeners of the process', unit: '', scale: 1, share: 0.05, slack: 1 },
  { key: 'processes', label: 'processes', unit: '', scale: 1, share: 0.05, slack: 2 },
];
