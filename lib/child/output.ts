/** Where a worker's output goes; the tail of its stderr is always kept for its exit report. */
import type { Socket } from 'node:net';
import { StringDecoder } from 'node:string_decoder';

/** `inherit`: to the host's own; `ignore`: nowhere; `events`: line by line to listeners. */
export type StdioMode = 'inherit' | 'ignore' | 'events';

export interface OutputListener {
  /**
   * @param mark The number of the last task that began before the line, or `SEVERAL_TASKS`; `undefined` before the first one.
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
  stream.on('error', () => {}); // the worker's exit report says what happened
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
    endLine(); // nothing else ends a line that a task has left without its end, or in the middle of a character
    if (id !== END_OF_TASK) lastMark = id;
  });
  stream.on('data', (chunk: Buffer) => reader.read(chunk));
  // Not 'end': a descendant of the worker may hold the pipe, which is not waited for.
  stream.once('close', () => {
    reader.end();
    endLine();
  });
}

/** What workers write goes to the host's own stderr as `console.error` would write it: a failure there stops nothing. */
export function writeToHostStderr(chunk: Buffer): void {
  try {
    const { stderr } = process;
    stderr.write(chunk, (error) => {
      // It is no longer read, or its disk is full; that is emitted right after this.
      if (error && stderr.listenerCount('error') === 0) stderr.once('error', () => {});
    });
  } catch {} // the program has put a function of its own there
}

/** Keeps the end of a stream of text. */
interface TextTail {
  add(chunk: Buffer): void;
  text(): string;
}

function createTextTail(maxBytes: number): TextTail {
  let chunks: Buffer[] = [];
  let bytes = 0;
  return {
    add(chunk) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > 4 * maxBytes) {
        chunks = [Buffer.concat(chunks).subarray(-maxBytes)];
        bytes = maxBytes;
      }
    },
    text() {
      const all = Buffer.concat(chunks);
      if (all.length <= maxBytes) return all.toString();
      const tail = all.subarray(-maxBytes).toString();
      return tail.slice(tail.indexOf('\n') + 1);
    },
  };
}

// Marks in a worker's output, which show where a task begins and ends: the worker writes them, the host takes them out
// again. They travel in the stream itself, so that no other order than that of the writes is to be kept.

/** Nothing that a program is likely to print; unknown to tasks. */
export function newMark(): string {
  return `\0loky ${process.getBuiltinModule('node:crypto').randomBytes(12).toString('hex')} `;
}

/** The number of a task, always as long. */
const DIGITS = 8;
/** The mark of an end: no task has this number. */
export const END_OF_TASK = 0;
/** What is written from here on may be of any of several tasks. */
export const SEVERAL_TASKS = 2 ** 32 - 1;

export function markOf(mark: string, id: number): string {
  return mark + id.toString(16).padStart(DIGITS, '0');
}

interface MarkReader {
  read(chunk: Buffer): void;
  /** What was held back because it could have been the beginning of a mark. */
  end(): void;
}

/** @param onMark Called between the bytes before the mark and those after it. */
export function createMarkReader(
  mark: string,
  onBytes: (bytes: Buffer) => void,
  onMark: (id: number) => void,
): MarkReader {
  const wanted = Buffer.from(mark);
  const length = wanted.length + DIGITS;
  let rest: Buffer = Buffer.alloc(0);

  return {
    read(chunk) {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let at = 0;
      for (;;) {
        const start = bytes.indexOf(wanted, at);
        if (start < 0 || start + length > bytes.length) break;
        if (start > at) onBytes(bytes.subarray(at, start));
        onMark(Number.parseInt(bytes.toString('latin1', start + wanted.length, start + length), 16));
        at = start + length;
      }
      const end = endOfPlain(bytes, at, wanted, length);
      if (end > at) onBytes(bytes.subarray(at, end));
      rest = Buffer.from(bytes.subarray(end));
    },
    end() {
      if (rest.length > 0) onBytes(rest);
      rest = Buffer.alloc(0);
    },
  };
}

/** Where a mark begins of which the end is still to come; the length of all if none does. */
function endOfPlain(bytes: Buffer, from: number, wanted: Buffer, length: number): number {
  let at = bytes.indexOf(wanted[0] as number, Math.max(from, bytes.length - length + 1));
  for (; at >= 0; at = bytes.indexOf(wanted[0] as number, at + 1)) {
    const known = bytes.subarray(at, at + wanted.length);
    if (wanted.subarray(0, known.length).equals(known)) return at;
  }
  return bytes.length;
}
