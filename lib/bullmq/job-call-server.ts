/**
 * The host's end of the calls that a processor's task makes on its job: a socket of this machine, to which worker processes
 * connect when a task makes its first call. The protocol is lines of JSON, as in BullMQ's own sandbox.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Job } from 'bullmq';
import { inRootContext } from '../system/root-context.ts';
import {
  type CallAddress,
  type JobMethod,
  jobMethods,
  readLines,
  type WrittenCall,
  type WrittenReply,
} from './job-calls.ts';

interface JobCallServer {
  /** Lets the worker call methods of a job until `end`. */
  open(run: CallableRun): CallAddress;
  end(address: CallAddress): void;
  close(): void;
}

/** One run of a job. */
export interface CallableRun {
  /** `undefined` when the run has ended. */
  readonly job: Job | undefined;
}

type Callable = Readonly<Record<JobMethod, (...args: readonly unknown[]) => unknown>>;

export function createJobCallServer(): JobCallServer {
  const secret = randomBytes(32).toString('base64url');
  const runs = new Map<number, CallableRun>();
  const path = pathOf(randomBytes(12).toString('hex'));
  let server: Server | undefined;
  let lastRun = 0;

  async function answer(socket: Socket, line: string): Promise<void> {
    const [given, runId, callId, method, args] = JSON.parse(line) as WrittenCall;
    if (!isSame(given, secret)) {
      socket.destroy();
      return;
    }
    let reply: WrittenReply;
    try {
      const job = runs.get(runId)?.job;
      if (job === undefined) throw new Error(`job.${method} was called after the end of the job`);
      if (!jobMethods.includes(method)) throw new Error(`a job of processor() has no ${method}`);
      reply = [callId, true, await (job as unknown as Callable)[method](...args)];
    } catch (error) {
      const { name, message } = error as Error;
      reply = [callId, false, { name: String(name), message: String(message) }];
    }
    if (!socket.destroyed) socket.write(`${JSON.stringify(reply)}\n`);
  }

  function listen(): Server {
    return inRootContext(() => {
      const listening = createServer((socket) => {
        socket.unref();
        socket.on('error', () => {}); // its worker was killed
        readLines(socket, (line) => void answer(socket, line).catch(() => socket.destroy()));
      });
      listening.listen(path).unref();
      if (isFile) process.once('exit', removeFile);
      return listening;
    });
  }

  const removeFile = (): void => rmSync(path, { force: true });

  return {
    open(run) {
      server ??= listen();
      lastRun += 1;
      runs.set(lastRun, run);
      return { path, secret, run: lastRun };
    },
    end({ run }) {
      runs.delete(run);
    },
    close() {
      server?.close();
      server = undefined;
      process.off('exit', removeFile);
    },
  };
}

/** Linux and Windows have names for sockets that leave no file behind. */
const isFile = process.platform !== 'linux' && process.platform !== 'win32';

function pathOf(name: string): string {
  if (process.platform === 'linux') return `\0loky-${name}`;
  return isFile ? join(tmpdir(), `loky-${name}.sock`) : `\\\\.\\pipe\\loky-${name}`;
}

function isSame(given: unknown, secret: string): boolean {
  const [one, two] = [Buffer.from(String(given)), Buffer.from(secret)];
  return one.length === two.length && timingSafeEqual(one, two);
}
