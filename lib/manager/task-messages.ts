/**
 * Messages from the host to a task that waits or runs. They are kept until the task has taken them: when its worker dies,
 * what it had not taken goes with it to the next one.
 */
import { QueueFullError } from '../errors.ts';
import type { Definition, Payload } from '../sending/common/payload.ts';

/** So many messages of one task may be unread. */
export const MOST_UNREAD = 1000;

export interface Message {
  readonly definitions: readonly Definition[];
  readonly payload: Payload;
}

export class UnreadMessages {
  readonly #messages: Message[] = [];

  get all(): readonly Message[] {
    return this.#messages;
  }

  /** @throws QueueFullError */
  expectRoom(): void {
    if (this.#messages.length < MOST_UNREAD) return;
    throw new QueueFullError(
      `${MOST_UNREAD} messages to the task are unread, which is the most: send more when the task has read some of them`,
    );
  }

  add(message: Message): void {
    this.#messages.push(message);
  }

  /** @throws Error if there is none. */
  taken(): void {
    if (this.#messages.shift() === undefined) throw new Error('it has taken a message that was not sent');
  }
}
