/**
 * Reads a child's pipe in bulk: into one buffer for all of them, in pieces of up to 256 KiB. A socket that Node makes
 * for a child allocates 64 KiB for each read, which costs as much again as the data itself.
 */
import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';

const READ_BYTES = 256 * 1024;

/** What is read is used up before anything else is read, whoever sent it. */
let buffer: Buffer | undefined;

/**
 * A socket that takes over the pipe of `made` and reads it. Node takes `onread` only where a socket is made, so this
 * is a second one on the same handle; where the first does not show its handle, it goes on itself.
 *
 * @param onChunk Its memory is used again for the next chunk.
 */
export function readInBulk(made: Socket, onChunk: (chunk: Buffer) => void): Socket {
  const holder = made as unknown as { _handle?: unknown };
  const handle = holder._handle;
  if (handle === undefined || handle === null) return made.on('data', onChunk);
  buffer ??= Buffer.allocUnsafeSlow(READ_BYTES);
  const shared = buffer;
  const options: SocketConstructorOpts & { onread: OnReadOpts; handle: unknown } = {
    handle,
    readable: true,
    writable: true,
    onread: {
      buffer: shared,
      callback(bytes) {
        onChunk(shared.subarray(0, bytes));
        return true;
      },
    },
  };
  const pipe = new Socket(options);
  holder._handle = null;
  made.destroy();
  return pipe.resume();
}
