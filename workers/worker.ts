/**
 * A worker's whole life: boot, initializer, task loop, leave. It knows frames and payloads; what becomes of a
 * task is the host's business.
 */
import { Channel } from '../lib/child/frames.ts';
import { decodeStart } from '../lib/child/protocol.ts';
import { rememberGlobals } from '../lib/sending/graph/common-globals.ts';
import { takeStart } from '../lib/system/start-mark.ts';
import { endWithHost } from './leaving.ts';
import { createPipeWriter, openPipe } from './pipe.ts';
import { TaskLoop } from './task-loop.ts';

takeStart();
rememberGlobals();

// Ctrl-C is for the host to decide about.
process.on('SIGINT', () => {});

const pipe = openPipe((bytes, buffer) => {
  channel.receive(buffer.subarray(0, bytes) as Buffer);
  return true;
});
const writer = createPipeWriter(pipe);
/** The first frame says what this worker is; the task loop gets all that follow. */
const channel = new Channel(
  pipe,
  (frame) => {
    const start = decodeStart(frame);
    if (start.cwd !== undefined) process.chdir(start.cwd);
    const loop = new TaskLoop(start, { writer, channel });
    channel.onFrame = loop.onFrame;
    onEnd = () => loop.onEnd();
  },
  () => onEnd(),
  writer,
);
let onEnd = (): void => endWithHost();
