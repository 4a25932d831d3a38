/**
 * The work: hashes, compresses and measures files. It keeps one buffer and makes few objects, so that what is compared
 * is work, and not the garbage collection of a process, which is parallel already.
 */
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { deflateRawSync } from 'node:zlib';

const [NEWLINE, OPEN, CLOSE] = Buffer.from('\n{}');

let buffer = Buffer.alloc(1 << 20);

/** @returns What the files have together, and when, where and with how much CPU it was found out. */
export function measureChunk(paths) {
  const [from, cpuFrom] = [clock(), cpu()];
  const sum = { bytes: 0, compressed: 0, lines: 0, deepest: 0 };
  const digest = createHash('sha256');
  for (const path of paths) {
    const bytes = contentsOf(path);
    digest.update(bytes);
    sum.bytes += bytes.length;
    sum.compressed += deflateRawSync(bytes).length;
    const { lines, deepest } = measureText(bytes);
    sum.lines += lines;
    sum.deepest = Math.max(sum.deepest, deepest);
  }
  return {
    ...sum,
    digest: digest.digest('hex'),
    files: paths.length,
    pid: process.pid,
    from,
    to: clock(),
    cpuFrom,
    cpuTo: cpu(),
  };
}

function contentsOf(path) {
  const file = openSync(path);
  try {
    const { size } = fstatSync(file);
    if (size > buffer.length) buffer = Buffer.alloc(size);
    return buffer.subarray(0, readSync(file, buffer, 0, size, 0));
  } finally {
    closeSync(file);
  }
}

function measureText(bytes) {
  let [lines, depth, deepest] = [0, 0, 0];
  for (const byte of bytes) {
    if (byte === NEWLINE) lines += 1;
    else if (byte === OPEN) depth += 1;
    else if (byte === CLOSE) depth -= 1;
    if (depth > deepest) deepest = depth;
  }
  return { lines, deepest };
}

/** The same in every process of the machine. */
function clock() {
  return performance.timeOrigin + performance.now();
}

/** Milliseconds of CPU of this process so far. */
function cpu() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
