/** What a round may leave behind in this process and on this system: nothing. */

import { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { queryObjects } from 'node:v8';

const PATIENCE = 5_000;

/** The pids of the living descendants of this process. */
export function descendants() {
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

export function descriptors() {
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
/** `[event, count]` for each event of the process that somebody listens to. */
export const listeners = () =>
  process.eventNames().map((name) => [String(name), process.listenerCount(name)]);

/**
 * All timers that this process has set and that may still fire, also those that keep nothing alive. Held objects
 * would not do: a pool that somebody holds may hold what it has ended.
 */
const timers = new Set();
for (const name of ['setTimeout', 'setInterval']) {
  const set = globalThis[name];
  const noted = (...args) => {
    const timer = set(...args);
    timers.add(timer);
    return timer;
  };
  globalThis[name] = Object.defineProperties(noted, Object.getOwnPropertyDescriptors(set));
}

function livingTimers() {
  for (const timer of timers) if (timer._destroyed) timers.delete(timer);
  return timers.size;
}

/** What may still fire, and what somebody holds after a garbage collection, also of what keeps nothing alive. */
export function heldObjects() {
  const count = (type) => queryObjects(type, { format: 'count' });
  return { timers: livingTimers(), sockets: count(Socket), children: count(ChildProcess) };
}

export function takeStock() {
  return {
    timers: livingTimers(),
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
    await sleep(100);
  }
}

function sizeOf(stock) {
  if (!Array.isArray(stock)) return stock;
  return stock.reduce((sum, each) => sum + (Array.isArray(each) ? each[1] : 1), 0);
}
