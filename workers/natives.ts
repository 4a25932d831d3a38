/**
 * What the worker itself needs of Node, taken before any code of the user runs: tasks replace such things (mocks, fake
 * timers, wrappers of `fs`), and each of them is a property that is looked up again at every call.
 */
import { readSync, writeSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Channel } from '../lib/child/frames.ts';
import { nextTick } from '../lib/system/timers.ts';

export const natives = {
  readSync,
  writeSync,
  setFlagsFromString,
  runInNewContext,
  nextTick,
  /** In seconds, the clock of the worker: `performance` would load a part of Node that few tasks use. */
  uptime: process.uptime.bind(process),
  rss: process.memoryUsage.rss,
  /** With `--expose-gc`. */
  gc: globalThis.gc as (() => void) | undefined,
  exit: process.exit.bind(process),
  kill: process.kill.bind(process),
} as const;

/** As `channel.drained()`. Streams call `process.nextTick`: while this waits it is Node's own, and then the task's again. */
export function drained(channel: Channel): Promise<void> | undefined {
  const draining = channel.drained();
  if (draining === undefined || process.nextTick === natives.nextTick) return draining;
  const { nextTick } = process;
  process.nextTick = natives.nextTick;
  return draining.then(() => {
    if (process.nextTick === natives.nextTick) process.nextTick = nextTick;
  });
}
