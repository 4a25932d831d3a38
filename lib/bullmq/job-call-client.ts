/** The worker's end of the calls that a processor's task makes on its job. One connection for each host's socket. */
import { createConnection, type Socket } from 'node:net';
import {
  type CallAddress,
  type JobMethod,
  readLines,
  type WrittenCall,
  type WrittenReply,
} from './job-calls.ts';

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

interface Connection {
  readonly socket: Socket;
  readonly waiting: Map<number, Waiting>;
}

const connections = new Map<string, Connection>();
let lastCall = 0;

/** @returns what the method of the host's job gives. */
export function callHost(
  { path, secret, run }: CallAddress,
  method: JobMethod,
  args: readonly unknown[],
): Promise<unknown> {
  const { socket, waiting } = connectionTo(path);
  lastCall += 1;
  const call: WrittenCall = [secret, run, lastCall, method, args];
  const written = `${JSON.stringify(call)}\n`;
  return new Promise((resolve, reject) => {
    socket.ref(); // the answer is to come
    waiting.set(lastCall, { resolve, reject });
    socket.write(written);
  });
}

function connectionTo(path: string): Connection {
  const known = connections.get(path);
  if (known !== undefined) return known;
  const socket = createConnection(path).unref();
  const connection: Connection = { socket, waiting: new Map() };
  let failure = new Error('the host has closed the connection');
  socket.on('error', (error) => {
    failure = error;
  });
  socket.on('close', () => {
    connections.delete(path);
    for (const { reject } of connection.waiting.values()) reject(failure);
  });
  readLines(socket, (line) => settle(connection, JSON.parse(line) as WrittenReply));
  connections.set(path, connection);
  return connection;
}

function settle({ socket, waiting }: Connection, [call, isDone, value]: WrittenReply): void {
  const waiter = waiting.get(call);
  waiting.delete(call);
  if (waiting.size === 0) socket.unref();
  if (isDone) waiter?.resolve(value);
  else waiter?.reject(Object.assign(new Error(value.message), { name: value.name }));
}
