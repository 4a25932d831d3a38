/**
 * Frames over a duplex stream, the same code at both ends. It ends once: when the other end is gone, when the
 * stream breaks, or when what comes is no frame. It knows no task.
 */
import type { Duplex } from 'node:stream';
import { type Frame, MalformedFrameError } from './frame.ts';
import { createFrameReader } from './frame-reader.ts';
import { createFrameWriter, type FrameWriter } from './frame-writer.ts';

export interface Channel {
  /** To be given all that arrives. Its memory may be used again afterwards. Returns whether a frame has begun and not ended. */
  receive(chunk: Buffer): boolean;
  /** Whether the other end has begun a frame and not ended it. */
  readonly isMidFrame: boolean;
  readonly send: FrameWriter['write'];
  readonly sendInline: FrameWriter['writeInline'];
  readonly flush: FrameWriter['flush'];
  /** Resolves when everything sent so far has been handed to the system. */
  drained(): Promise<void> | undefined;
  close(): void;
}

export interface ChannelListener {
  readonly onFrame: (frame: Frame) => void;
  /** Called once. `error` is there if the other end sent what is no frame. */
  onEnd(error: MalformedFrameError | undefined): void;
}

/** @param write How bytes get into the stream; default: by its own `write`. */
export function createChannel(
  stream: Duplex,
  listener: ChannelListener,
  write?: (bytes: Uint8Array) => void,
): Channel {
  let ended = false;
  const writer = createFrameWriter((bytes) => {
    if (ended) return;
    if (write === undefined) stream.write(bytes);
    else write(bytes);
  });
  const reader = createFrameReader(listener.onFrame);

  function end(error?: MalformedFrameError): void {
    if (ended) return;
    ended = true;
    reader.stop();
    stream.destroy();
    listener.onEnd(error);
  }

  stream.on('end', () => end());
  stream.on('close', () => end());
  // EPIPE and ECONNRESET of a dying process arrive here; 'close' follows and ends the channel.
  stream.on('error', () => {});

  return {
    get isMidFrame() {
      return !ended && reader.isMidFrame;
    },
    receive(chunk) {
      if (ended) return false;
      try {
        return reader.read(chunk) && !ended;
      } catch (error) {
        if (!(error instanceof MalformedFrameError)) throw error;
        end(error);
        return false;
      }
    },
    send: writer.write,
    sendInline: writer.writeInline,
    flush: writer.flush,
    drained() {
      writer.flush();
      if (ended || stream.writableLength === 0) return undefined;
      return new Promise((resolve) => {
        stream.once('close', resolve);
        stream.write('', () => {
          stream.off('close', resolve);
          resolve();
        });
      });
    },
    close: () => end(),
  };
}
