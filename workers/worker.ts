/**
 * A worker's whole life: boot, initializer, task loop, leave. It knows frames and payloads; what becomes of a
 * task is the host's business.
 */
import type { StartMessage } from '../lib/channel/start-message.ts';
import { setWorkerInfo } from '../lib/system/worker-info.ts';
import { runTaskLoop } from './task-loop.ts';

// Ctrl-C is for the host to decide about.
process.on('SIGINT', () => {});

process.once('message', (message: unknown) => {
  // Not at once: Node may be handing out messages that came before this listener, and needs the channel for that.
  setImmediate(() => {
    process.disconnect(); // from here on everything goes over the pipe: see start-message.ts
    // `if (process.send)` is how programs ask for a channel, and a message into one that is closed is uncaught.
    Reflect.deleteProperty(process, 'send');
    Reflect.deleteProperty(process, 'disconnect');
    const start = message as StartMessage;
    setWorkerInfo({ rank: start.rank, depth: start.depth, executorId: start.executorId });
    runTaskLoop(start);
  });
});
