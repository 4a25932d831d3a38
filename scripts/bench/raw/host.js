/**
 * The host of the floor: two Node processes with a private pipe (`stdio` descriptor 3) between them. Just
 * enough to run the same scenarios as a library; answers come in the order of the questions.
 */
import { spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import frames from './frames.cjs';

const { frameReader, HEADER, header, KIND, READ_SIZE, writeHeader } = frames;
const script = fileURLToPath(new URL('./worker.cjs', import.meta.url));

/** One worker: `send(kind, body, settle)`, and `noops(count, onAnswer)`, which asks without a promise each. */
function startWorker(mode, onDeath) {
  const child = spawn(process.execPath, [script, mode], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  });
  const waiting = [];
  let next = 0;
  let countNoop;
  const read = frameReader((kind, body) => {
    if (countNoop && kind === KIND.noop) return countNoop();
    const { settle } = waiting[next];
    waiting[next++] = undefined;
    if (next === waiting.length) waiting.length = next = 0;
    settle(kind, body);
  });
  const socket = socketOf(child, read);
  let dead = false;
  const die = () => {
    if (dead) return;
    dead = true;
    for (const { fail } of waiting.slice(next)) fail(new Error('the worker died'));
    onDeath();
  };
  socket.on('error', () => {}).on('close', die);
  child.on('exit', die);

  return {
    child,
    load: () => waiting.length - next,
    send: (kind, body, settle, fail) => {
      waiting.push({ settle, fail });
      const head = header(body.length, kind);
      if (body.length === 0) socket.write(head);
      else {
        socket.cork();
        socket.write(head);
        socket.write(body);
        socket.uncork();
      }
    },
    noops: (count, onAnswer) => {
      countNoop = onAnswer;
      const perWrite = Math.floor(READ_SIZE / HEADER);
      for (let left = count; left > 0; left -= perWrite) {
        const frames = Math.min(left, perWrite);
        const bytes = Buffer.allocUnsafe(frames * HEADER);
        for (let frame = 0; frame < frames; frame++) writeHeader(bytes, frame * HEADER, 0, KIND.noop);
        socket.write(bytes);
      }
    },
    endNoops: () => {
      countNoop = undefined;
    },
  };
}

/**
 * A child's stdio sockets allocate a buffer for every read of 64 KiB at most. The floor is faster: one buffer,
 * larger reads. Node offers that (`onread`) only where a socket is made, hence a second socket on the handle.
 */
function socketOf(child, read) {
  return new Socket({
    handle: child.stdio[3]._handle,
    onread: {
      buffer: Buffer.alloc(READ_SIZE),
      callback: (size, chunk) => {
        read(chunk, size);
        return true;
      },
    },
  });
}

const EMPTY = Buffer.alloc(0);

export function openRaw(mode, workers) {
  let closed = false;
  const pool = [];
  const start = (slot) => {
    pool[slot] = startWorker(mode, () => {
      if (!closed) start(slot);
    });
  };
  for (let slot = 0; slot < workers; slot++) start(slot);
  const idlest = () => pool.reduce((best, worker) => (worker.load() < best.load() ? worker : best));

  const run = (task, argument) =>
    new Promise((resolve, reject) => {
      const worker = idlest();
      if (task === 'noop') return worker.send(KIND.noop, EMPTY, () => resolve(undefined), reject);
      if (task !== 'echo' || typeof argument !== 'object') {
        const call = Buffer.from(JSON.stringify([task, argument]));
        return worker.send(KIND.call, call, (_, body) => resolve(JSON.parse(body.toString())), reject);
      }
      if (!ArrayBuffer.isView(argument)) {
        const text = Buffer.from(JSON.stringify(argument));
        return worker.send(KIND.json, text, (_, body) => resolve(JSON.parse(body.toString())), reject);
      }
      const bytes = Buffer.from(argument.buffer, argument.byteOffset, argument.byteLength);
      const view = (body) =>
        Buffer.isBuffer(argument)
          ? body
          : new argument.constructor(body.buffer, 0, body.length / argument.BYTES_PER_ELEMENT);
      worker.send(KIND.bytes, bytes, (_, body) => resolve(view(body)), reject);
    });

  const burst = (count) =>
    new Promise((resolve) => {
      let answered = 0;
      const onAnswer = () => {
        if (++answered < count) return;
        for (const worker of pool) worker.endNoops();
        resolve(answered);
      };
      const share = Math.floor(count / workers);
      for (const [slot, worker] of pool.entries()) {
        worker.noops(slot === 0 ? count - share * (workers - 1) : share, onAnswer);
      }
    });

  const close = () => {
    closed = true;
    for (const { child } of pool) child.kill('SIGKILL');
  };
  return { run, burst, close };
}
