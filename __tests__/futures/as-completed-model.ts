/** What asCompleted must answer to each call of next, by plans and ticks alone: no promise, no clock. */
import fc from 'fast-check';
import { type Plan, TICK } from './plans.ts';

export type Action = 'tick' | 'next' | 'return';
export const actions = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.constant<Action>('tick') },
    { weight: 6, arbitrary: fc.constant<Action>('next') },
    { weight: 1, arbitrary: fc.constant<Action>('return') },
  ),
  { maxLength: 16 },
);
export type Answer = number | 'end' | 'TimeoutError' | 'waits';

/** What each call of next gets. */
export class Model {
  readonly answers: Answer[] = [];
  #tick = 0;
  #ready: number[];
  #missing: Set<number>;
  #hasEnded = false;
  readonly #all: readonly Plan[];
  readonly #timeout: number | undefined;

  constructor(all: readonly Plan[], timeout: number | undefined) {
    this.#all = all;
    this.#timeout = timeout;
    this.#ready = this.#doneAt(0);
    this.#missing = new Set(all.keys());
    for (const index of this.#ready) this.#missing.delete(index);
  }

  act(action: Action): void {
    if (action === 'next') this.answers.push('waits');
    if (action === 'return') this.#end();
    if (action === 'tick') {
      this.#tick += 1;
      for (const index of this.#doneAt(this.#tick)) {
        if (this.#missing.delete(index) && !this.#hasEnded) this.#ready.push(index);
      }
    }
    this.#serve();
    if (action === 'tick') this.#passDeadline();
  }

  #doneAt(tick: number): number[] {
    return [...this.#all.keys()].filter((index) => this.#all[index]?.at === tick);
  }

  #serve(): void {
    for (const [call, answer] of this.answers.entries()) {
      if (answer !== 'waits') continue;
      const next = this.#ready.shift();
      if (next !== undefined) this.answers[call] = next;
      else if (this.#hasEnded || this.#missing.size === 0) this.answers[call] = 'end';
    }
  }

  #passDeadline(): void {
    const first = this.answers.indexOf('waits');
    // The end of a tick: `#tick` of them have passed.
    if (first < 0 || this.#timeout === undefined || this.#timeout >= this.#tick * TICK) return;
    this.answers[first] = 'TimeoutError';
    this.#end();
    this.#serve();
  }

  #end(): void {
    this.#hasEnded = true;
    this.#ready = [];
    this.#missing.clear();
  }
}
