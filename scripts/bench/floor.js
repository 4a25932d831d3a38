/**
 * The floor: what a bare pool over such a pipe takes. It has a queue for each worker and a promise for each call, and
 * nothing else: no errors of tasks, no cancelling, no limits. A worker that dies fails its calls and is replaced.
 */
import { spawn } from 'node:child_process';
import frames from './frames.cjs';
import { pathOf } from './pools.js';

const { BYTES, JSON_TEXT, writeFrame, onFrames } = frames;
const script = pathOf('./workers/floor.cjs');

export class FloorPool {
  #workers;
  #isClosed = false;

  constructor(workers) {
    this.#workers = Array.from({ length: workers }, (_, slot) => this.#start(slot));
  }

  run(task, argument) {
    const worker = this.#workers.reduce((best, each) =>
      each.waiting.length - each.next < best.waiting.length - best.next ? each : best,
    );
    const kind = ArrayBuffer.isView(argument) ? BYTES : JSON_TEXT;
    const body =
      kind === BYTES
        ? new Uint8Array(argument.buffer, argument.byteOffset, argument.byteLength)
        : Buffer.from(JSON.stringify([task, argument]));
    return new Promise((resolve, reject) => {
      worker.waiting.push({ argument, resolve, reject });
      writeFrame(worker.pipe, kind, body);
    });
  }

  close() {
    this.#isClosed = true;
    for (const { child } of this.#workers) child.kill('SIGKILL');
  }

  #start(slot) {
    const child = spawn(process.execPath, [script], { stdio: ['ignore', 'inherit', 'inherit', 'pipe'] });
    const worker = { child, pipe: child.stdio[3], waiting: [], next: 0 };
    onFrames(worker.pipe, (kind, body) => {
      const { argument, resolve } = worker.waiting[worker.next];
      worker.waiting[worker.next++] = undefined;
      if (worker.next === worker.waiting.length) worker.waiting.length = worker.next = 0;
      resolve(kind === BYTES ? viewOf(argument, body) : JSON.parse(body.toString()));
    });
    worker.pipe.on('error', () => {});
    child.once('exit', () => {
      for (const { reject } of worker.waiting.slice(worker.next)) reject(new Error('the worker died'));
      if (!this.#isClosed) this.#workers[slot] = this.#start(slot);
    });
    return worker;
  }
}

/** The bytes as what was sent. Their memory is their own, and begins where they begin. */
function viewOf(sent, body) {
  if (Buffer.isBuffer(sent)) return body;
  return new sent.constructor(body.buffer, 0, body.length / sent.BYTES_PER_ELEMENT);
}
