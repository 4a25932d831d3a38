/** Values that say of themselves what is not so, or cannot be asked: they arrive as what they are, or are refused. */
import { describe, expect, test } from '@jest/globals';
import { SerializationError } from '../../lib/errors.ts';
import { createReceiver } from '../../lib/sending/receiver.ts';
import { createSender } from '../../lib/sending/sender.ts';

const identity = (value: unknown): unknown => value;
const sender = createSender();
const receiver = await createReceiver(sender.settings());
const told = new Set<number>();

/** What a task gets, as its receiver alone can show it: the class comes along. */
async function sent(value: unknown): Promise<unknown> {
  const call = sender.prepareCall(identity, [value]);
  for (const { id, payload } of call.definitions) {
    if (!told.has(id)) receiver.define(id, payload);
    told.add(id);
  }
  return (await receiver.decodeCall(call.encode())).args[0];
}

const returned = (value: unknown): unknown => sender.decodeValue(receiver.encodeValue(value));

function outOfBounds(): DataView {
  // Types of later than ES2023.
  const Resizable = ArrayBuffer as unknown as new (
    length: number,
    options: object,
  ) => ArrayBuffer & { resize(length: number): void };
  const memory = new Resizable(8, { maxByteLength: 16 });
  const view = new DataView(memory, 4, 4);
  memory.resize(2);
  return view;
}

function ofRevokedProxy(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  const value = Object.create(proxy) as object;
  revoke();
  return value;
}

describe('what cannot be asked is refused', () => {
  test.each([
    ['an object whose prototype is a revoked Proxy', ofRevokedProxy],
    ['a view that is out of bounds', outOfBounds],
  ])('%s', (_what, make) => {
    expect(() => sender.prepareCall(identity, [make()])).toThrow(SerializationError);
    expect(() => receiver.encodeValue(make())).toThrow(SerializationError);
  });

  const throws = (): never => {
    throw new Error('ran code of the user');
  };
  test.each([
    ['a symbol', Symbol('S')],
    ['an object', { toString: throws }],
  ])('beside an instance of a class whose name is %s', (_what, name) => {
    class S {
      readonly five = 5;
    }
    Object.defineProperty(S, 'name', { value: name });
    const values = [new S(), new WeakRef({})];
    const expected = expect.objectContaining({ message: expect.stringContaining('[1] is a WeakRef') });
    expect(() => sender.prepareCall(identity, [values])).toThrow(expected);
    expect(() => receiver.encodeValue(values)).toThrow(expected);
    expect(() => receiver.encodeValue([S])).toThrow(/is a class that the host does not know \(anonymous\)/);
  });
});

describe('binary data is what it holds', () => {
  class Shy extends Uint8Array {
    override get byteLength(): number {
      return 1;
    }
    override get byteOffset(): number {
      return 2;
    }
    override get buffer(): ArrayBuffer {
      return new ArrayBuffer(4);
    }
  }

  test('in an instance of a class that says otherwise', async () => {
    const there = (await sent(Shy.of(1, 2, 3, 4))) as Shy;
    expect([...there]).toEqual([1, 2, 3, 4]);
    expect(there.byteLength).toBe(1);
  });

  test.each(['byteLength', 'byteOffset', 'buffer'])('with a property %s of its own', async (key) => {
    const value = key === 'buffer' ? new ArrayBuffer(4) : 1;
    const bytes = Object.defineProperty(Uint8Array.of(1, 2, 3, 4), key, { value });
    for (const there of [await sent(bytes), returned(bytes), returned([bytes])]) {
      expect([...((Array.isArray(there) ? there[0] : there) as Uint8Array)]).toEqual([1, 2, 3, 4]);
    }
    const view = Object.defineProperty(new DataView(Uint8Array.of(1, 2, 3, 4).buffer), key, { value });
    expect(((await sent(view)) as DataView).getUint32(0)).toBe(0x01020304);
  });

  test('and an ArrayBuffer keeps its own properties', async () => {
    const buffer = Object.assign(new ArrayBuffer(8), { a: 1, 0: 2 });
    for (const there of [await sent(buffer), returned(buffer), (returned([buffer]) as unknown[])[0]]) {
      expect(there).toBeInstanceOf(ArrayBuffer);
      expect(Object.entries(there as object)).toEqual([
        ['0', 2],
        ['a', 1],
      ]);
      expect((there as ArrayBuffer).byteLength).toBe(8);
    }
  });
});

describe('a RegExp matches what it matched', () => {
  class Pretty extends RegExp {
    override get source(): string {
      return 'pretty';
    }
    override get flags(): string {
      return 'i';
    }
  }

  test('if its class says otherwise', async () => {
    const there = (await sent(new Pretty('hello', 'g'))) as RegExp;
    expect(there.source).toBe('pretty');
    expect(there.test('HELLO')).toBe(false);
    expect(there.test('hello')).toBe(true);
    expect(there.global).toBe(true);
  });

  test('if a property of its own says otherwise', async () => {
    const own = Object.defineProperties(/a/dgimsuy, { source: { value: 'b' }, flags: { value: 'q' } });
    for (const there of [await sent(own), returned(own)] as RegExp[]) {
      expect(there.source).toBe('b');
      expect(there.flags).toBe('q');
      expect(there.test('b')).toBe(false);
      const plain = Object.getOwnPropertyDescriptor(RegExp.prototype, 'flags')?.get?.call(there) as string;
      expect(plain).toBe('dgimsuy');
    }
  });

  test.each(['a', 'a/v', ''])('with all flags: /%s/', async (source) => {
    for (const flags of ['dgimsuy', 'v', '']) {
      const there = (await sent([new RegExp(source, flags), identity])) as [RegExp];
      expect(String(there[0])).toBe(String(new RegExp(source, flags)));
    }
  });

  test('and goes on where it was, at -0 too', async () => {
    const pattern = /a/g;
    pattern.lastIndex = -0;
    expect(((await sent(pattern)) as RegExp).lastIndex).toBe(-0);
    expect((returned(pattern) as RegExp).lastIndex).toBe(-0);
  });
});

describe('arguments', () => {
  function given(..._: unknown[]): IArguments {
    // biome-ignore lint/complexity/noArguments: this is how such an object comes into being
    return arguments;
  }

  test('arrive with their length and their items', async () => {
    const there = (await sent(given(1, 'a', undefined))) as IArguments;
    expect(Object.prototype.toString.call(there)).toBe('[object Arguments]');
    expect([...there]).toEqual([1, 'a', undefined]);
    expect(Object.keys(there)).toEqual(['0', '1', '2']);
  });

  test('keep what was done to them', async () => {
    const value = given(1, 2, 3);
    delete (value as { 0?: unknown })[0];
    value.length = 2;
    const there = (await sent(value)) as IArguments;
    expect(Object.keys(there)).toEqual(['1', '2']);
    expect(there).toHaveLength(2);
  });
});

describe('an array of three items among holes', () => {
  const few = (length: number): number[] => {
    const items: number[] = [];
    items[0] = 1;
    items[length / 2] = 2;
    items[length] = 3;
    return items;
  };

  test('takes no time, however long it is', async () => {
    const before = process.cpuUsage(); // what this process is kept waiting for does not count
    for (const there of [await sent(few(4e9)), returned(few(4e9))] as number[][]) {
      expect(there).toHaveLength(4e9 + 1);
      expect(Object.entries(there)).toEqual(Object.entries(few(4e9)));
    }
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1e6).toBeLessThan(2); // seconds; to look at each hole takes many times that
  });
});

describe('what is told of a result', () => {
  const broken = {
    test: (): boolean => {
      throw new Error('the test is broken');
    },
    reduce: identity,
    rebuild: identity,
  };

  test('of which every value is refused by a reducer is a SerializationError', async () => {
    const host = createSender({ resultReducers: { broken }, jobReducers: {} });
    const worker = await createReceiver(host.settings());
    const payload = worker.encodeError(new Error('of the task'));
    expect(host.decodeValue(payload)).toBeInstanceOf(SerializationError);
    expect((host.decodeValue(payload) as Error).message).toMatch(
      /error that cannot be sent \(.*the test is broken/,
    );
  });

  test.each([
    ['texts', 'string', ['a', '\u00010', '\u00011', '\u00012', '0', '']],
    ['numbers', 'number', [0, 1, 2, 3, 0, 1.5]],
  ])('reduces %s that look like numbers of our rows', async (_, type, values) => {
    const each = {
      test: (value: unknown): boolean => typeof value === type,
      reduce: (value: unknown) => [`[${String(value)}]`].map((text) => new Map([[true, Buffer.from(text)]])),
      rebuild: ([map]: Map<boolean, Buffer>[]) => map?.get(true)?.toString(),
    };
    const host = createSender({ resultReducers: { each }, jobReducers: {} });
    const worker = await createReceiver(host.settings());
    const expected = values.map((value) => `[${value}]`);
    expect(host.decodeValue(worker.encodeValue(values))).toEqual(expected);
  });

  test('refers to its binary parts where they are', () => {
    const memory = new ArrayBuffer(64 * 1024);
    const { views } = receiver.encodeError(
      Object.assign(new Error('large'), { part: new Uint8Array(memory) }),
    );
    expect(views.map(({ buffer }) => buffer)).toEqual([memory]);
    expect(views[0]?.buffer).toBe(memory);
  });
});

describe('classes of functions', () => {
  test('a prototype that was assigned as a literal, with its class, is that of the class', async () => {
    function Fraction(this: { top: number }, top: number): void {
      this.top = top;
    }
    Fraction.prototype = {
      constructor: Fraction,
      half(this: { top: number }) {
        return this.top / 2;
      },
    };
    const Class = Fraction as unknown as new (top: number) => { half(): number };
    const fraction = new Class(6);
    const [there, Known] = (await sent([fraction, Fraction])) as [typeof fraction, typeof Class];
    expect(there).toBeInstanceOf(Known);
    expect(there.half()).toBe(3);
    expect(Object.getPrototypeOf(returned(there))).toBe(Fraction.prototype);
  });

  test('a class whose code uses its own prototype', async () => {
    const makeRecord = () => {
      const Record = function (this: { own: unknown }) {
        this.own = prototype;
      };
      const prototype = Object.create({ inherited: 1 }) as object;
      Record.prototype = prototype;
      Object.assign(prototype, { constructor: Record });
      return Record as unknown as new () => { own: object; inherited: number };
    };
    const record = (await sent(new (makeRecord())())) as { own: object; inherited: number };
    expect(record.own).toBe(Object.getPrototypeOf(record));
    expect(record.inherited).toBe(1);
  });
});

test('a result with an accessor of its own names the way out', () => {
  const result = {
    get error() {
      return 1;
    },
  };
  expect(() => receiver.encodeValue([result])).toThrow(
    /\.error\[get\] is an accessor .*\n.*hint: return what it gives, as in `\{ \.\.\.object \}`/,
  );
});

test('what every object inherits is refused where a property holds it', () => {
  expect(() => receiver.encodeValue({ a: [Object.prototype] })).toThrow('result.a[0] is Object.prototype');
});
