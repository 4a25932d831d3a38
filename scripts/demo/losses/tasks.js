/** What goes right, and four things that go wrong. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const BLOCK = 16e6;
/** The runaway stops by itself if nobody stops it: a demo must not take a machine's memory. */
const MOST = 2e9;

export function hashFile(path) {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

export function crash() {
  process.kill(process.pid, 'SIGSEGV');
}

/** Starts a program of its own, which must not outlive the task, and never returns. */
export function hang() {
  spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  for (;;);
}

const kept = [];

export function leak(bytes) {
  for (let n = 0; n * BLOCK < bytes; n += 1) kept.push(Buffer.alloc(BLOCK, 1));
  return kept.length;
}

export function runaway() {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  const blocks = [];
  while (blocks.length * BLOCK < MOST) {
    blocks.push(Buffer.alloc(BLOCK, 1));
    Atomics.wait(pause, 0, 0, 10);
  }
  return blocks.length;
}
