/** What a round may leave behind in this process and on this system: nothing. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const PATIENCE = 5_000;

/** Living descendants of this process, with their command lines. */
function descendants() {
  const parents = new Map();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const [, state, parent] = /\) (\S) (\d+)/.exec(readFileSync(`/proc/${entry}/stat`, 'latin1'));
      if (state !== 'Z' && state !== 'X') parents.set(Number(entry), Number(parent));
    } catch {} // it has just ended
  }
  const isOurs = (pid) => pid !== undefined && pid !== 0 && (pid === process.pid || isOurs(parents.get(pid)));
  return [...parents.keys()].filter((pid) => pid !== process.pid && isOurs(pid));
}

function descriptors() {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [`${fd} ${readlinkSync(`/proc/self/fd/${fd}`).replace(/\d+/g, '*')}`];
    } catch {
      return []; // the one that read the folder
    }
  });
}

const handles = () =>
  process
    .getActiveResourcesInfo()
    .filter((name) => name !== 'Immediate')
    .sort();
const listeners = () => process.eventNames().map((name) => `${String(name)} ${process.listenerCount(name)}`);

export function takeStock() {
  return {
    processes: descendants().length,
    descriptors: descriptors(),
    handles: handles(),
    listeners: listeners(),
  };
}

/** What there is now and was not `before`, once it had time to go. */
export async function remainsSince(before) {
  const deadline = performance.now() + PATIENCE;
  for (;;) {
    const now = takeStock();
    const more = Object.keys(now).filter((key) => sizeOf(now[key]) > sizeOf(before[key]));
    if (more.length === 0) return [];
    if (performance.now() > deadline) {
      return more.map(
        (key) => `${key} left: ${JSON.stringify(now[key])}, before: ${JSON.stringify(before[key])}`,
      );
    }
    await sleep(20);
  }
}

const sizeOf = (list) => (Array.isArray(list) ? list.length : list);
