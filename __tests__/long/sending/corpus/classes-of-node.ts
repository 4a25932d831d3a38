/** Instances of Node's own classes, of classes that extend them, and of classes whose text only looks as if it had private names. */
import { arrives, type Case, gives, survives } from './case.ts';

const thrown = (fn: () => void): Error & { code?: string } => {
  try {
    fn();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
};
const ofBuffer = thrown(() => Buffer.alloc('x' as never));

class Theme {
  name = 'dark';
  color(): string {
    return 'solid #ffcc00';
  }
}
class Commented {
  // see #foo
  name = 'commented';
}
class MyURL extends URL {
  get first(): string | undefined {
    return this.pathname.split('/')[1];
  }
}
class MyParams extends URLSearchParams {
  count(): number {
    return [...this.keys()].length;
  }
}
class Outer {
  name = 'outer';
  static Inner = class {
    #hidden = 1;
    shown(): number {
      return this.#hidden;
    }
  };
  static #count = 2;
  static get count(): number {
    return Outer.#count;
  }
}

export const classesOfNode: readonly Case[] = [
  survives(
    'an error of Node',
    ofBuffer,
    (e) =>
      e.code === 'ERR_INVALID_ARG_TYPE' && e.name === 'TypeError' && /"size"/.test(e.message) && !!e.stack,
  ),
  gives('an error of Node that is captured', 'ERR_INVALID_ARG_TYPE', () => ofBuffer.code),
  gives('the class of an error of Node', true, (e) => e instanceof TypeError, ofBuffer),
  survives('a text with a colour', new Theme(), (t) => t instanceof Theme && t.color() === 'solid #ffcc00'),
  survives('a comment with a name', new Commented(), (c) => c instanceof Commented && c.name === 'commented'),
  survives('private names of an inner class alone', new Outer(), (o) => o.name === 'outer'),
  survives('a class that extends URL', new MyURL('http://a/b/c'), (u) => u.first === 'b' && u.host === 'a'),
  arrives('a class that extends URLSearchParams', new MyParams('a=1&b=2'), (p) => p.count() === 2),
];
