/**
 * The worker of the floor: answers frames on descriptor 3, through the event loop or (argument `blocking`)
 * with reads that block. No queue, no errors, no protocol beyond the frame.
 */
const { readSync, writeSync } = require('node:fs');
const { Socket } = require('node:net');
const tasks = require('../tasks.cjs');
const { frameReader, HEADER, header, KIND, READ_SIZE, writeHeader } = require('./frames.cjs');

const CHANNEL = 3;

/** Answers of one read are gathered here and written at once. */
const answers = Buffer.alloc(READ_SIZE);
let filled = 0;

function answerWith(write) {
  const flush = () => {
    if (filled === 0) return;
    write(Buffer.from(answers.subarray(0, filled)));
    filled = 0;
  };
  const send = (kind, body) => {
    if (filled + HEADER > answers.length) flush();
    if (body.length === 0) {
      writeHeader(answers, filled, 0, kind);
      filled += HEADER;
      return;
    }
    flush();
    write(header(body.length, kind));
    write(body);
  };
  const onFrame = (kind, body) => {
    if (kind === KIND.noop) {
      tasks.noop();
      send(kind, body);
    } else if (kind === KIND.bytes) send(kind, body);
    else if (kind === KIND.json) send(kind, Buffer.from(JSON.stringify(JSON.parse(body.toString()))));
    else {
      const [task, argument] = JSON.parse(body.toString());
      send(kind, Buffer.from(JSON.stringify(tasks[task](argument) ?? null)));
    }
  };
  return { onFrame, flush };
}

function serveOnEventLoop() {
  const socket = new Socket({
    fd: CHANNEL,
    onread: {
      buffer: Buffer.alloc(READ_SIZE),
      callback: (size, chunk) => {
        read(chunk, size);
        flush();
        return true;
      },
    },
  });
  const { onFrame, flush } = answerWith((bytes) => socket.write(bytes));
  const read = frameReader(onFrame);
  // A host that leaves with answers unread resets the connection.
  socket.on('error', () => process.exit()).on('close', () => process.exit());
}

function serveBlocking() {
  const { onFrame, flush } = answerWith((bytes) => {
    for (let at = 0; at < bytes.length; ) at += writeSync(CHANNEL, bytes, at);
  });
  const read = frameReader(onFrame);
  const chunk = Buffer.alloc(READ_SIZE);
  const serve = () => {
    for (;;) {
      const size = readSync(CHANNEL, chunk, 0, chunk.length, null);
      if (size === 0) return;
      read(chunk, size);
      flush();
    }
  };
  try {
    serve();
  } catch (error) {
    if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') throw error;
  }
  process.exit();
}

if (process.argv[2] === 'blocking') serveBlocking();
else serveOnEventLoop();
