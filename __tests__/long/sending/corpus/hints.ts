/** Refusals whose way out depends on what it is, and on whether it was to be sent or returned. */
import { createSocket } from 'node:dgram';
import { type Case, refuses } from './case.ts';

const id = <T>(x: T): T => x;

class Later {
  #value = 1;
  // biome-ignore lint/suspicious/noThenProperty: that is what a future has
  then(use: (value: number) => void): void {
    use(this.#value);
  }
}
class Held {
  #handle = 1;
  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(void this.#handle);
  }
}
const later = new Later();

export const hints: readonly Case[] = [
  refuses(
    'an AbortSignal',
    /argument 0 is an AbortSignal\n\s+hint: hand it to withOptions\(\{ signal \}\)/,
    () => [id, new AbortController().signal],
  ),
  refuses(
    'what waits',
    /argument 0 is a Later with private state \(#value\)\n\s+hint: await it, and send/,
    () => [id, later] as never,
  ),
  refuses(
    'what can be disposed of',
    /argument 0 is a Held with .*\n\s+hint: make one inside the task/,
    () => [id, new Held()],
  ),
  refuses('a promise in a result', /result\.p is a Promise\n\s+hint: await it before returning it/, () => [
    () => ({ p: Promise.resolve(1) }),
  ]),
  refuses(
    'a socket in a result',
    /result\.s is a dgram\.Socket\n\s+hint: it stays in the worker: return data/,
    () => [
      () => {
        const s = createSocket('udp4');
        s.close();
        return { s };
      },
    ],
  ),
];
