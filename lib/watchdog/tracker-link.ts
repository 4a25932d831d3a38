/**
 * How the resource tracker of a worker reaches its host. The worker's own bundle and the package as a task
 * imports it are two modules in one process: they meet in a global symbol.
 */

/** Takes an order as a line of text; it has left this process when the call returns. */
type TrackerLink = (line: string) => void;

const key = Symbol.for('loky.trackerLink');
const shared = globalThis as { [key]?: TrackerLink };

/** For a worker at boot. */
export function setTrackerLink(link: TrackerLink): void {
  Object.defineProperty(globalThis, key, { value: link });
}

/** `undefined` in a main process. */
export function trackerLink(): TrackerLink | undefined {
  return shared[key];
}
