/**
 * What an engine is asked for until it has answered: again whenever it is back, and at intervals, as it may be back before a question that
 * it lost is known to be lost.
 */
import { clearTimeout, setTimeout } from '../system/timers.ts';
import type { RemoteLink } from './remote-link.ts';

export class RetriedRequests<Key, Answer> {
  readonly #link: Pick<RemoteLink, 'isReady'>;
  readonly #retryDelay: number;
  readonly #onAnswer: (key: Key, answer: Answer) => void;
  readonly #open = new Map<Key, () => Promise<Answer>>();
  readonly #running = new Set<Key>();
  #retry: NodeJS.Timeout | undefined;

  /**
   * @param retryDelay Milliseconds until what has failed is tried again.
   * @param onAnswer Called when a request is answered, and counts no more.
   */
  constructor(
    link: Pick<RemoteLink, 'isReady'>,
    retryDelay: number,
    onAnswer: (key: Key, answer: Answer) => void,
  ) {
    this.#link = link;
    this.#retryDelay = retryDelay;
    this.#onAnswer = onAnswer;
  }

  /** What is not done yet. */
  get keys(): Key[] {
    return [...this.#open.keys()];
  }

  get size(): number {
    return this.#open.size;
  }

  /** @param ask Rejects if the engine has not answered; is not called again before that. */
  add(key: Key, ask: () => Promise<Answer>): void {
    this.#open.set(key, ask);
    void this.tryNow(key);
  }

  /** The engine can be asked again. */
  resume(): void {
    for (const key of this.keys) void this.tryNow(key);
  }

  forget(key: Key): void {
    this.#open.delete(key);
  }

  close(): void {
    clearTimeout(this.#retry);
    this.#open.clear();
  }

  /** Does nothing if there is no such request, or the engine is away. */
  async tryNow(key: Key): Promise<void> {
    const ask = this.#open.get(key);
    if (ask === undefined || !this.#link.isReady || this.#running.has(key)) return;
    this.#running.add(key);
    const answer = await ask().catch(() => undefined);
    this.#running.delete(key);
    if (answer === undefined) this.#retryLater(key);
    else if (this.#open.delete(key)) this.#onAnswer(key, answer);
  }

  #retryLater(key: Key): void {
    if (!this.#open.has(key)) return;
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined;
      this.resume();
    }, this.#retryDelay).unref();
  }
}
