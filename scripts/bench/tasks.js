/**
 * What loky's workers run: the functions of `tasks.cjs` as an ES module, imported and submitted like a user
 * does. Knows no library.
 */
import { writeFileSync } from 'node:fs';
import { threadId } from 'node:worker_threads';

let calls = 0;

/** Counts itself, so that a measurement can prove that every call really ran. */
export function noop() {
  calls++;
}

export function echo(value) {
  return value;
}

/** Takes 30 ms, so that two calls at once meet two workers. */
export function census() {
  const end = Date.now() + 30;
  while (Date.now() < end);
  return { id: `${process.pid}:${threadId}`, pid: process.pid, calls };
}

/** Pure CPU: a 32-bit xorshift, the same result everywhere. */
export function spin(steps) {
  let x = 2463534242;
  for (let step = 0; step < steps; step++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
  }
  return x >>> 0;
}

/** Says where it runs, then occupies its worker for ever without using CPU. */
export function block(file) {
  writeFileSync(file, `${process.pid}\n`);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}
