/**
 * What the host says to one task while it waits or runs: messages, and for a stream how many values are wanted. What comes
 * for a task that is over is dropped.
 */
import { type Frame, FrameKind, readCount } from '../lib/child/protocol.ts';
import type { ReceivedCall } from '../lib/sending/common/payload.ts';

interface Waiter<T> {
  resolve(value: T): void;
  reject(error: unknown): void;
}

type Message = IteratorResult<unknown, undefined>;

const DONE: Message = { value: undefined, done: true };

interface InboxOutput {
  /** A message is the argument of a call. A promise where modules must be imported first. */
  decode(frame: Frame): ReceivedCall | Promise<ReceivedCall>;
  /** The task takes the next message, and may end this process as soon as it has it. */
  taken(id: number): void;
}

export class Inbox {
  readonly id: number;
  /** How many values of a stream the host takes. */
  credit = 0;
  /** The host wants no more values of a stream. */
  isStopped = false;
  readonly #output: InboxOutput;
  readonly #messages: Frame[] = [];
  readonly #readers: Waiter<Message>[] = [];
  #isClosed = false;
  #wake: (() => void) | undefined;

  constructor(id: number, output: InboxOutput) {
    this.id = id;
    this.#output = output;
  }

  add(frame: Frame): void {
    if (frame.kind === FrameKind.message) {
      this.#messages.push(frame);
      const reader = this.#readers.shift();
      if (reader !== undefined) this.#take(reader);
      return;
    }
    if (frame.kind === FrameKind.credit) this.credit += readCount(frame.body);
    else this.isStopped = true;
    this.#wake?.();
  }

  /** Until there is credit, or the stream is stopped. */
  async creditOrStop(): Promise<void> {
    while (this.credit === 0 && !this.isStopped) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Several iterators of one task share its messages. */
  messages(): AsyncIterableIterator<unknown> {
    let isLeft = false;
    return {
      next: () => (isLeft ? Promise.resolve(DONE) : this.#next()),
      return: (value?: unknown) => {
        isLeft = true;
        return Promise.resolve({ value, done: true });
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  /** The task is over. */
  close(): void {
    this.#isClosed = true;
    this.#messages.length = 0;
    for (const reader of this.#readers.splice(0)) reader.resolve(DONE);
  }

  #next(): Promise<Message> {
    return new Promise((resolve, reject) => {
      const reader = { resolve, reject };
      if (this.#isClosed) resolve(DONE);
      else if (this.#messages.length > 0) this.#take(reader);
      else this.#readers.push(reader);
    });
  }

  #take({ resolve, reject }: Waiter<Message>): void {
    const frame = this.#messages.shift() as Frame;
    this.#output.taken(this.id);
    const deliver = ({ args }: ReceivedCall): void => resolve({ value: args[0], done: false });
    try {
      const call = this.#output.decode(frame);
      if (call instanceof Promise) call.then(deliver, reject);
      else deliver(call);
    } catch (error) {
      reject(error);
    }
  }
}

/** The inbox of the task that runs, or of the next one, if the host has said anything to it. */
export class Inboxes {
  /** The task that runs, or that ran last. */
  current = 0;
  isRunning = false;
  inbox: Inbox | undefined;
  readonly #output: InboxOutput;

  constructor(output: InboxOutput) {
    this.#output = output;
  }

  add(frame: Frame): void {
    const isOfCurrent = this.isRunning && frame.id === this.current;
    if (isOfCurrent || isLater(frame.id, this.current)) this.of(frame.id).add(frame);
  }

  of(id: number): Inbox {
    if (this.inbox?.id !== id) {
      this.inbox?.close();
      this.inbox = new Inbox(id, this.#output);
    }
    return this.inbox;
  }

  /** Of the task that runs. */
  messages(): AsyncIterableIterator<unknown> {
    if (this.isRunning) return this.of(this.current).messages();
    const over = new Inbox(0, this.#output);
    over.close();
    return over.messages();
  }

  /** The task that ran is over. */
  end(): void {
    this.isRunning = false;
    if (this.inbox?.id !== this.current) return;
    this.inbox.close();
    this.inbox = undefined;
  }
}

/** Numbers of tasks grow, and start again after the last one that fits into a frame. */
function isLater(id: number, than: number): boolean {
  return ((id - than) | 0) > 0;
}
