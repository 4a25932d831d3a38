/** A module that tasks refer to. */
import { basename } from 'node:path';

export let hits = 0;
export const hit = (): number => ++hits;
export const twice = (x: number): number => x * 2;
const hidden = new Map([['k', 7]]);
export const readHidden = (): number | undefined => hidden.get('k');
export const lastPart = (path: string): string => basename(path);

export class Animal {
  name: string;
  constructor(name: string) {
    this.name = name;
  }
  speak(): string {
    return `${this.name} makes a sound`;
  }
  static create(name: string): Animal {
    return new Animal(name);
  }
}

export class Dog extends Animal {
  #tag = 't';
  override speak(): string {
    return `${super.speak()} (woof ${this.#tag})`;
  }
}

export class HttpError extends Error {
  status: number;
  constructor(status: number, { text }: { text: string }) {
    super(text);
    this.name = 'HttpError';
    this.status = status;
  }
}

export const makeAdder = (n: number) => (x: number) => x + n + twice(1);
export const failWith = (status: number): never => {
  throw new HttpError(status, { text: `status ${status}` });
};
export default function greet(name: string): string {
  return `hello ${name}`;
}
