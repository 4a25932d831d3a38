/** What the workers of every pool run, each with one argument. */
const { threadId } = require('node:worker_threads');

let calls = 0;

/** Counts itself, so that a measurement can prove that every call really ran. */
exports.noop = function noop() {
  calls++;
};

exports.echo = function echo(value) {
  return value;
};

/** Takes 30 ms, so that two calls at once meet two workers. */
exports.census = function census() {
  const end = Date.now() + 30;
  while (Date.now() < end);
  return { id: `${process.pid}:${threadId}`, pid: process.pid, calls };
};

/** Pure CPU: a 32-bit xorshift, the same result everywhere. */
exports.spin = function spin(steps) {
  let x = 2463534242;
  for (let step = 0; step < steps; step++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
  }
  return x >>> 0;
};

/** Occupies its worker for ever without using CPU. */
exports.block = function block() {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
};

/** Only waits. */
exports.wait = async function wait(time) {
  await new Promise((resolve) => setTimeout(resolve, time));
};
