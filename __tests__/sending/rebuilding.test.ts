/** Code that runs while a task is read: it sees what it uses as a whole, or the task is refused. */
import { describe, expect, test } from '@jest/globals';
import type { Message } from '../../lib/sending/graph/message.ts';
import { Reach } from '../../lib/sending/graph/reach.ts';
import { createReceiver } from '../../lib/sending/receiver.ts';
import { createSender, type SenderOptions } from '../../lib/sending/sender.ts';

async function sent<T>(value: T, options: SenderOptions = {}): Promise<T> {
  const sender = createSender(options);
  const receiver = await createReceiver(sender.settings());
  const call = sender.prepareCall((received: T) => received, [value]);
  for (const { id, payload } of call.definitions) receiver.define(id, payload);
  const { args } = await receiver.decodeCall(call.encode());
  return args[0] as T;
}

/** As bundlers write what `import * as kinds` gives. */
function namespaceOf(getters: Record<string, () => unknown>): Record<string, never> {
  const namespace = {};
  for (const [name, get] of Object.entries(getters))
    Object.defineProperty(namespace, name, { get, enumerable: true });
  return namespace;
}

type Parts = Readonly<Record<string, unknown>>;

class Schema {
  readonly parts: Parts;
  constructor(parts: Parts) {
    this.parts = parts;
  }
}
class Text extends Schema {}
class Every extends Schema {}
const kinds = namespaceOf({ Text: () => Text, Every: () => Every });

interface Made {
  readonly kind: string;
  readonly known: readonly string[];
  readonly parts: Record<string, Made>;
}

const reducerOf = (rebuild: (reduced: never) => unknown): SenderOptions => ({
  jobReducers: {
    schema: {
      test: (value) => value instanceof Schema,
      reduce: (schema: Schema) => [schema.constructor.name, schema.parts],
      rebuild,
    },
  },
  resultReducers: {},
});

describe('what a reducer rebuilds', () => {
  const schemas = reducerOf(([name, parts]: [string, Made['parts']]) => {
    const kind = new (kinds[name] as unknown as new (parts: Parts) => Schema)({});
    return {
      kind: kind.constructor.name,
      isSchema: kind instanceof Schema,
      known: Object.keys(kinds),
      parts,
    };
  });
  // It is no plain data, so that it is filled after what holds it has been made.
  const closed = (parts: Parts): Parts => Object.freeze(parts);

  test('is rebuilt by a function that sees all of a namespace', async () => {
    const made = (kind: string, parts = {}): object => ({
      kind,
      isSchema: true,
      known: ['Text', 'Every'],
      parts,
    });
    const inner = new Every(closed({ text: new Text(closed({})) }));
    expect(await sent(new Every(closed({ inner })), schemas)).toEqual(
      made('Every', { inner: made('Every', { text: made('Text') }) }),
    );
  });

  test('has its own parts complete before it is rebuilt', async () => {
    const keys = reducerOf(([, parts]: [string, Parts]) => [Object.keys(parts), Object.values(parts)]);
    const value = new Every(
      closed({ one: new Every(closed({ two: closed({ three: 3 }) })), four: closed([4] as never) }),
    );
    expect(await sent(value, keys)).toEqual([
      ['one', 'four'],
      [[['two'], [{ three: 3 }]], [4]],
    ]);
  });

  test('is refused if its parts lead back to it', async () => {
    const parts: Record<string, unknown> = {};
    const value = new Every(parts);
    Object.defineProperty(parts, 'back', { value });
    const message = /the reducer "schema" rebuilds a value with the help of that value itself\n {2}hint: /;
    await expect(sent(value, schemas)).rejects.toThrow(message);
    await expect(sent([value], schemas)).rejects.toThrow(message);
  });

  test('is refused if the function that rebuilds it leads back to it', async () => {
    const known = new Map<string, Schema>();
    const text = new Text({});
    known.set('text', text);
    const message = /the reducer "schema" rebuilds a value with the help of that value itself\n {2}hint: /;
    const rebuild = ([name]: [string]): unknown => known.get(name);
    await expect(sent(text, reducerOf(rebuild))).rejects.toThrow(message);
  });
});

const states = new WeakMap<object, string>();

class Key {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
    states.set(this, `state of ${name}`);
  }
  get state(): string | undefined {
    return states.get(this);
  }
}

test('what a WeakMap keeps for an object is there when code sees that object', async () => {
  const reader = reducerOf(([, { key }]: [string, { key: Key }]) => key.state);
  const one = new Text({ key: new Key('one') });
  const two = new Text({ key: new Key('two'), other: one });
  expect(await sent([two, one], reader)).toEqual(['state of two', 'state of one']);
});

describe('a class that says itself how its instances travel', () => {
  class Node {
    readonly name: string;
    readonly next: Node | undefined;
    constructor(name: string, next?: Node) {
      this.name = `${name}${next ? ` before ${next.name}` : ''}`;
      this.next = next;
    }
    [Symbol.for('loky.reduce')](): unknown[] {
      return [Node, this.name.split(' ')[0], this.next];
    }
  }

  test('gets what was built of them', async () => {
    const { name } = await sent(new Node('a', new Node('b', new Node('c'))));
    expect(name).toBe('a before b before c');
  });
});

describe('classes that use each other', () => {
  class Binary {
    static of(text: string): Binary {
      return text.length > 3 ? new Long(text) : new Binary(text);
    }
    readonly text: string;
    constructor(text: string) {
      this.text = text;
    }
    long(): Long {
      return new Long(this.text);
    }
  }
  class Long extends Binary {
    static readonly empty = new Long('');
    short(): Binary {
      return new Binary(this.text.slice(0, 3));
    }
  }

  test.each([
    ['the class that extends the other', Long],
    ['the class that is extended', Binary],
    ['an instance of the class that extends', new Long('long')],
  ])('%s', async (_, value) => {
    const there = await sent(value);
    const [cls] = typeof there === 'function' ? [there] : [there.constructor as typeof Binary];
    const made = cls.of('four');
    expect([made.constructor.name, made instanceof cls || cls.name]).toEqual(['Long', true]);
    expect((made as Long).short().long().text).toBe('fou');
    expect((made.constructor as typeof Long).empty.text).toBe('');
  });
});

test('what a hostile answer makes the host look at is bounded', () => {
  const size = 20_000;
  const flat: unknown[] = [Array.from({ length: size - 1 }, (_, at) => at + 1)];
  while (flat.length < size) flat.push([]);
  const reach = new Reach({ flat, heads: [], children: [] } as unknown as Message);
  let visits = 0;
  expect(() => {
    for (;;) visits += reach.from([0], true).length;
  }).toThrow('too entangled');
  expect(visits).toBeLessThan(60 * size);
});
