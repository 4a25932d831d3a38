/** The shared values that this worker has got, each rebuilt once, when it arrives, for all tasks. */
import type { Payload } from '../common/payload.ts';
import { newHandle, type Shared } from '../common/shared.ts';
import { lost, malformed } from '../values/bytes.ts';

type Received = { readonly handle: Shared<unknown> } | { readonly error: unknown };

/** What was read, in an object: a value with a method `then` is not to be awaited. */
export interface Read {
  readonly value: unknown;
}

export class SharedValues {
  readonly #values = new Map<number, Received>();
  /** Those whose modules are being imported. */
  readonly #arriving = new Map<number, Promise<void>>();
  /** Whether {@link pending} has something to wait for. */
  isWaiting = false;

  /** @param read A promise where modules must be imported first. */
  define(id: number, payload: Payload, read: (payload: Payload) => Read | Promise<Read>): void {
    try {
      const value = read(payload);
      if (value instanceof Promise) this.#await(id, value);
      else this.#add(id, value);
    } catch (error) {
      this.#values.set(id, { error });
    }
  }

  adopt(id: number, handle: Shared<unknown>): void {
    this.#values.set(id, { handle });
  }

  /** There was no memory for it: a task that needs it says so. */
  lose(id: number, body: Uint8Array): void {
    this.#values.set(id, { error: lost(body, 'a shared value', 'the worker') });
  }

  /** @throws what went wrong when it was rebuilt. */
  get(id: number): Shared<unknown> {
    const received = this.#values.get(id);
    if (received === undefined) throw malformed('a shared value that has not arrived');
    if ('error' in received) throw received.error;
    return received.handle;
  }

  forget(id: number): void {
    this.#values.delete(id);
    this.#arrived(id);
  }

  /** Until all that has arrived is rebuilt. */
  pending(): Promise<unknown> {
    return Promise.all(this.#arriving.values());
  }

  #add(id: number, { value }: Read): void {
    this.#values.set(id, { handle: newHandle(value, true) });
  }

  #await(id: number, reading: Promise<Read>): void {
    const settle = (set: () => void): void => {
      if (this.#arrived(id)) set(); // else it was forgotten meanwhile
    };
    const arriving = reading.then(
      (value) => settle(() => this.#add(id, value)),
      (error: unknown) => settle(() => this.#values.set(id, { error })),
    );
    this.#arriving.set(id, arriving);
    this.isWaiting = true;
  }

  #arrived(id: number): boolean {
    const wasArriving = this.#arriving.delete(id);
    this.isWaiting = this.#arriving.size > 0;
    return wasArriving;
  }
}
