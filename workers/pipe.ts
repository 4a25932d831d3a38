/** The worker's end of the private pipe, with as little of the stream's machinery as can be. */
import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';
import { PIPE_DESCRIPTOR } from '../lib/channel/start-message.ts';
import { natives } from './natives.ts';

/** All reads share one buffer of this size: larger than what a socket holds, so that large frames take few reads. */
const READ_BYTES = 256 * 1024;

/** @param onChunk Its memory is used again for the next one. */
export function openPipe(onChunk: (chunk: Buffer) => void): Socket {
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  const options: SocketConstructorOpts & { onread: OnReadOpts } = {
    fd: PIPE_DESCRIPTOR,
    readable: true,
    writable: true,
    onread: {
      buffer,
      callback(bytes: number) {
        onChunk(buffer.subarray(0, bytes));
        return true;
      },
    },
  };
  const pipe = new Socket(options);
  pipe.resume();
  return pipe;
}

/**
 * Writes at once as long as the pipe takes it: what is finished has left this process before the next task begins.
 * What the pipe does not take goes the stream's way.
 */
export function writeDirectly(pipe: Socket): (bytes: Uint8Array) => void {
  if (process.platform === 'win32') return (bytes) => pipe.write(bytes);
  return (bytes) => {
    let written = 0;
    try {
      while (pipe.writableLength === 0 && written < bytes.length) {
        written += natives.writeSync(PIPE_DESCRIPTOR, bytes, written, bytes.length - written);
      }
    } catch {} // full (EAGAIN), or closed, which the stream tells
    if (written < bytes.length) pipe.write(bytes.subarray(written));
  };
}
