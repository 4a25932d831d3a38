/** Where a worker's output goes; the tail of its stderr is always kept for its exit report. */
import type { Socket } from 'node:net';
import { StringDecoder } from 'node:string_decoder';
import { createMarkReader, END_OF_TASK } from '../channel/output-marks.ts';
import { writeToHostStderr } from './host-stderr.ts';
import { createTextTail, type TextTail } from './text-tail.ts';

/** `inherit`: to the host's own; `ignore`: nowhere; `events`: line by line to whoever listens. */
export type StdioMode = 'inherit' | 'ignore' | 'events';

export interface OutputListener {
  /**
   * @param mark The number of the last task that began before the line; `undefined` before the first one.
   * @param isUnfinished There was no line break at its end.
   */
  onOutput(stream: 'stdout' | 'stderr', line: string, mark: number | undefined, isUnfinished: boolean): void;
}

interface Outputs {
  readonly stdout: unknown;
  readonly stderr: unknown;
}

const TAIL_BYTES = 4096;

/** @param mark What marks begin with; only with `events`. */
export function captureOutput(
  { stdout, stderr }: Outputs,
  mode: StdioMode,
  mark: string | undefined,
  listener: OutputListener,
): TextTail {
  const tail = createTextTail(TAIL_BYTES);
  const errors = stderr as Socket;
  if (mode === 'events' && mark !== undefined) {
    eachLine(
      errors,
      mark,
      (chunk) => tail.add(chunk),
      (...line) => listener.onOutput('stderr', ...line),
    );
    eachLine(
      stdout as Socket,
      mark,
      () => {},
      (...line) => listener.onOutput('stdout', ...line),
    );
    read(stdout as Socket);
  } else {
    errors.on('data', (chunk: Buffer) => {
      tail.add(chunk);
      if (mode === 'inherit') writeToHostStderr(chunk);
    });
  }
  read(errors);
  return tail;
}

function read(stream: Socket): void {
  stream.on('error', () => {}); // the worker's exit tells what happened
  stream.unref();
}

/** A line longer than this is handed on in pieces. */
const LONGEST_LINE = 64 * 1024;

/** @param onBytes Gets all that is no mark. */
function eachLine(
  stream: Socket,
  mark: string,
  onBytes: (bytes: Buffer) => void,
  onLine: (line: string, mark: number | undefined, isUnfinished: boolean) => void,
): void {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let lastMark: number | undefined;
  const add = (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() as string;
    for (const line of lines) onLine(line, lastMark, false);
    if (rest.length > LONGEST_LINE) flush();
  };
  const flush = () => {
    if (rest !== '') onLine(rest, lastMark, true);
    rest = '';
  };
  const take = (bytes: Buffer) => {
    onBytes(bytes);
    add(decoder.write(bytes));
  };
  const endLine = () => {
    add(decoder.end());
    flush();
  };
  const reader = createMarkReader(mark, take, (id) => {
    endLine(); // nobody else ends a line that a task has left without its end, or in the middle of a character
    if (id !== END_OF_TASK) lastMark = id;
  });
  stream.on('data', (chunk: Buffer) => reader.read(chunk));
  // Not 'end': a descendant of the worker may hold the pipe, which is not waited for.
  stream.once('close', () => {
    reader.end();
    endLine();
  });
}
