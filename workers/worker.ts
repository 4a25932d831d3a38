/**
 * A worker's whole life: boot, initializer, task loop, leave. It knows frames and payloads; what becomes of a
 * task is the host's business.
 */
import { type ChannelListener, createChannel } from '../lib/channel/channel.ts';
import { decodeStart } from '../lib/channel/start-message.ts';
import { rememberGlobals } from '../lib/sending/graph/common-globals.ts';
import { takeStart } from '../lib/system/start-mark.ts';
import { setWorkerInfo } from '../lib/system/worker-info.ts';
import { endWithHost } from './leaving.ts';
import { createPipeWriter, openPipe } from './pipe.ts';
import { runTaskLoop } from './task-loop.ts';

takeStart();
rememberGlobals();

// Ctrl-C is for the host to decide about.
process.on('SIGINT', () => {});

const pipe = openPipe((chunk) => channel.receive(chunk));
const writer = createPipeWriter(pipe);
const channel = createChannel(
  pipe,
  {
    onFrame: (frame) => listener.onFrame(frame),
    onEnd: (error) => listener.onEnd(error),
  },
  writer.write,
);
let listener: ChannelListener = {
  onFrame(frame) {
    const start = decodeStart(frame);
    setWorkerInfo({ rank: start.rank, depth: start.depth, executorId: start.executorId });
    listener = runTaskLoop(start, { writer, channel });
  },
  onEnd: () => endWithHost(),
};
