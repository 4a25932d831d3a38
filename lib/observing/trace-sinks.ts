/** Where the events of a timeline go: into bounded memory, or to a stream. It knows no executor. */
import type { Writable } from 'node:stream';
import type { TraceEvent } from './trace-format.ts';

export interface TraceSink {
  add(event: TraceEvent): void;
  /** For what describes the rows: few, and never dropped. */
  describe(event: TraceEvent): void;
  events(): TraceEvent[];
  dropped(): number;
  end(): void;
}

/** The latest ones, at most `maxEvents`. */
export function keepLatest(maxEvents: number): TraceSink {
  const descriptions: TraceEvent[] = [];
  /** Used as a ring once it is full. */
  const latest: TraceEvent[] = [];
  let added = 0;
  return {
    add(event) {
      latest[added % maxEvents] = event;
      added += 1;
    },
    describe: (event) => descriptions.push(event),
    events() {
      const oldest = added > maxEvents ? added % maxEvents : 0;
      return [...descriptions, ...latest.slice(oldest), ...latest.slice(0, oldest)];
    },
    dropped: () => Math.max(0, added - maxEvents),
    end() {},
  };
}

/** One JSON array, which readers of the format take without its end, too. */
export function writeTo(stream: Writable, maxHeld: number): TraceSink {
  let isFirst = true;
  let held: TraceEvent[] = [];
  let dropped = 0;
  let isOver = false;

  function write(event: TraceEvent): void {
    stream.write(`${isFirst ? '[\n' : ',\n'}${JSON.stringify(event)}`);
    isFirst = false;
  }

  function isClosed(): boolean {
    return isOver || stream.destroyed || stream.writableEnded;
  }

  function onDrain(): void {
    const waiting = held;
    held = [];
    for (const event of waiting) add(event);
  }

  function add(event: TraceEvent): void {
    if (isClosed() || held.length >= maxHeld) {
      dropped += 1;
      return;
    }
    if (!stream.writableNeedDrain && held.length === 0) write(event);
    else held.push(event);
  }

  stream.on('drain', onDrain);
  return {
    add,
    describe: (event) => {
      if (!isClosed()) write(event);
    },
    events: () => [],
    dropped: () => dropped,
    end() {
      stream.off('drain', onDrain);
      if (isClosed()) return;
      for (const event of held) write(event); // bounded, and the last ones
      held = [];
      stream.write(isFirst ? '[]\n' : '\n]\n');
      isOver = true;
    },
  };
}
