/** Where a worker's output goes; the tail of its stderr is always kept for its exit report. */
import type { Socket } from 'node:net';
import { StringDecoder } from 'node:string_decoder';
import { createTextTail, type TextTail } from './text-tail.ts';

/** `inherit`: to the host's own; `ignore`: nowhere; `events`: line by line to whoever listens. */
export type StdioMode = 'inherit' | 'ignore' | 'events';

export interface OutputListener {
  onOutput(stream: 'stdout' | 'stderr', line: string): void;
}

interface Outputs {
  readonly stdout: unknown;
  readonly stderr: unknown;
}

const TAIL_BYTES = 4096;

export function captureOutput(
  { stdout, stderr }: Outputs,
  mode: StdioMode,
  listener: OutputListener,
): TextTail {
  const tail = createTextTail(TAIL_BYTES);
  const errors = stderr as Socket;
  errors.on('data', (chunk: Buffer) => {
    tail.add(chunk);
    if (mode === 'inherit') process.stderr.write(chunk);
  });
  read(errors);
  if (mode === 'events') {
    eachLine(errors, (line) => listener.onOutput('stderr', line));
    eachLine(stdout as Socket, (line) => listener.onOutput('stdout', line));
    read(stdout as Socket);
  }
  return tail;
}

function read(stream: Socket): void {
  stream.on('error', () => {}); // the worker's exit tells what happened
  stream.unref();
}

/** A line longer than this is handed on in pieces. */
const LONGEST_LINE = 64 * 1024;

function eachLine(stream: Socket, onLine: (line: string) => void): void {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  const add = (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() as string;
    for (const line of lines) onLine(line);
    if (rest.length > LONGEST_LINE) {
      onLine(rest);
      rest = '';
    }
  };
  stream.on('data', (chunk: Buffer) => add(decoder.write(chunk)));
  stream.on('end', () => {
    add(decoder.end());
    if (rest !== '') onLine(rest);
  });
}
