/** The two ends of sending in one process: reducers, serializers, wrappers, definitions, stacks. */
import { createServer } from 'node:net';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { SerializationError } from '../../lib/errors.ts';
import type { PreparedCall } from '../../lib/sending/common/payload.ts';
import { register } from '../../lib/sending/common/reducers.ts';
import { getLokySerializer, setLokySerializer } from '../../lib/sending/common/serializer.ts';
import { explain, wrapNonSerializable } from '../../lib/sending/for-programs.ts';
import { registerByValue } from '../../lib/sending/host/by-value.ts';
import { createReceiver, type Receiver } from '../../lib/sending/receiver.ts';
import { createSender, type Sender, type SenderOptions } from '../../lib/sending/sender.ts';

interface Ends {
  readonly sender: Sender;
  readonly receiver: Receiver;
  call(fn: (...args: never[]) => unknown, ...args: unknown[]): Promise<unknown>;
}

async function ends(options: SenderOptions = {}): Promise<Ends> {
  const sender = createSender(options);
  const receiver = await createReceiver(sender.settings());
  const told = new Set<number>();
  const send = (call: PreparedCall): ReturnType<Receiver['decodeCall']> => {
    for (const { id, payload } of call.definitions) {
      if (!told.has(id)) receiver.define(id, payload);
      told.add(id);
    }
    return receiver.decodeCall(call.encode());
  };
  const call = async (fn: (...args: never[]) => unknown, ...args: unknown[]): Promise<unknown> => {
    const { fn: there, args: values } = await send(sender.prepareCall(fn, args));
    return sender.decodeValue(receiver.encodeValue(await there(...values)));
  };
  return { sender, receiver, call };
}

class Celsius {
  readonly degrees: number;
  constructor(degrees: number) {
    this.degrees = degrees;
  }
}
const five = 5;
const identity = <T>(value: T): T => value;

describe('reducers', () => {
  const isCelsius = (value: unknown): boolean => value instanceof Celsius;
  const jobReducers = {
    celsius: { test: isCelsius, reduce: ({ degrees }: Celsius) => degrees + five, rebuild: (d: number) => d },
  };

  test('of jobs and of results are applied one after the other', async () => {
    const resultReducers = {
      number: { test: (v: unknown) => v === 6, reduce: (v: number) => v * 7, rebuild: (v: number) => v },
    };
    const { call } = await ends({ jobReducers, resultReducers });
    expect(await call(identity, new Celsius(1))).toBe(42);
  });

  test('of one executor do not apply to another', async () => {
    await ends({ jobReducers });
    const { call } = await ends();
    expect(await call((c: Celsius) => c.degrees, new Celsius(1))).toBe(1);
  });

  test('of jobs are those of results too, unless there are others', async () => {
    const both = {
      celsius: {
        test: isCelsius,
        reduce: (c: Celsius) => ({ d: c.degrees }),
        rebuild: ({ d }: { d: number }) => new Celsius(d + 1),
      },
    };
    const { call } = await ends({ jobReducers: both });
    expect(await call(identity, new Celsius(1))).toMatchObject({ degrees: 3 });
  });

  test('that are registered later count for executors that run already', async () => {
    const { call } = await ends();
    register('weakref', {
      test: (v) => v instanceof WeakRef,
      reduce: () => 'was weak',
      rebuild: (v: string) => v,
    });
    expect(await call(identity, new WeakRef({}))).toBe('was weak');
  });

  test('whose result passes their own test again are refused, at both ends', async () => {
    const loop = {
      test: (v: unknown) => Array.isArray(v),
      reduce: (v: unknown[]) => [...v],
      rebuild: identity,
    };
    const { sender } = await ends({ jobReducers: { loop } });
    expect(() => sender.prepareCall(identity, [[1]])).toThrow(
      /argument 0\[reduced by "loop"\] is what the reducer "loop" gave, and passes its test again.*\n {2}hint: let reduce/,
    );
    const same = { test: (v: unknown) => v instanceof Celsius, reduce: identity, rebuild: identity };
    const { call } = await ends({ jobReducers: {}, resultReducers: { same } });
    await expect(call(identity, new Celsius(1))).rejects.toThrow(/"same" gave, and passes its test again/);
  });

  test('that cannot be sent are refused by their names', () => {
    const server = createServer();
    const mine = { test: (v: unknown) => v === server, reduce: String, rebuild: identity };
    const { settings } = createSender({ resultReducers: { mine } });
    expect(settings).toThrow(SerializationError);
    expect(settings).toThrow(
      /^cannot send the reducers: test of the reducer "mine" → closure variable `server` is a net\.Server\n {2}hint: open it inside/,
    );
  });

  test('must be complete', () => {
    expect(() => register('x', { test: () => true } as never)).toThrow(
      /"x" must have the functions test, reduce and rebuild/,
    );
    expect(() => createSender({ jobReducers: { y: {} as never } })).toThrow(/"y" must have/);
    expect(() => register('', {} as never)).toThrow(TypeError);
  });
});

describe('the serializer', () => {
  afterEach(() => {
    setLokySerializer('auto');
    delete process.env['LOKY_SERIALIZER'];
  });

  test('has a name, or a sentence lists the names', () => {
    expect(() => setLokySerializer('pickle' as never)).toThrow(
      'serializer must be one of "auto", "devalue", "v8", but got "pickle"',
    );
    expect(() => createSender({ serializer: 5 as never })).toThrow(TypeError);
    setLokySerializer('v8');
    expect(getLokySerializer()).toBe('v8');
  });

  test('devalue carries everything that auto does', async () => {
    const { call } = await ends({ serializer: 'devalue' });
    expect(
      await call(
        (a: number[], f: (x: number) => number) => a.map(f),
        [1, 2],
        (x: number) => x * five,
      ),
    ).toEqual([5, 10]);
    expect(await call(identity, 5)).toBe(5);
  });
});

describe('wrapNonSerializable', () => {
  test('functions and classes behave as before, here and there', async () => {
    const { call } = await ends();
    const wrapped = wrapNonSerializable((x: number) => x + five);
    expect(wrapped(1)).toBe(6);
    expect(await call(wrapped, 1)).toBe(6);
    expect(await call((C: typeof Celsius) => new C(3).degrees, wrapNonSerializable(Celsius))).toBe(3);
    expect(await call((o: { a: number }) => o.a, wrapNonSerializable({ a: 1 }, { keepWrapper: false }))).toBe(
      1,
    );
  });

  test('does not take primitives', () => {
    expect(() => wrapNonSerializable(5)).toThrow(/expects a function, class or object/);
    expect(() => registerByValue('shapes')).toThrow(/expects a module's URL/);
  });
});

describe('definitions', () => {
  test('a function that is submitted again is named by its number, and its code is not sent again', () => {
    const sender = createSender();
    const task = (x: number): number => x + five;
    sender.prepareCall(task, [1]);
    const second = sender.prepareCall(task, [1]);
    const third = sender.prepareCall(task, [2]);
    expect(third.definitions).toEqual(second.definitions);
    expect(third.encode().body.byteLength).toBeLessThan(24);
    expect(third.name).toBe('task');
  });

  test('a property that a function gets later is sent', async () => {
    const { call } = await ends();
    const task = Object.assign(() => (task as { extra?: number }).extra, {}) as (() => unknown) & {
      extra?: number;
    };
    for (let i = 0; i < 3; i++) expect(await call(task)).toBeUndefined();
    task.extra = 1;
    expect(await call(task)).toBe(1);
  });

  test('captured values are those of the moment of the submit', async () => {
    const { sender, receiver } = await ends();
    const box = { value: 1 };
    const list = [box];
    const prepared = sender.prepareCall((l: typeof list) => l[0]?.value, [list]);
    const captured = sender.prepareCall(() => box.value, []);
    box.value = 2;
    for (const call of [prepared, captured]) {
      for (const { id, payload } of call.definitions) receiver.define(id, payload);
      const { fn, args } = await receiver.decodeCall(call.encode());
      expect(fn(...args)).toBe(1);
    }
  });

  test('more code texts than are kept are retired, and sent again when they are needed', async () => {
    const { sender, receiver, call } = await ends();
    const make = (n: number): (() => number) => new Function(`return ${n}`) as () => number;
    const first = make(-1);
    expect(await call(first)).toBe(-1);
    for (let n = 0; n < 2100; n++) sender.prepareCall(make(n), []);
    const retired = sender.takeRetired();
    expect(retired.length).toBeGreaterThan(50);
    for (const id of retired) receiver.forget(id);
    expect(sender.takeRetired()).toEqual([]);
  });
});

describe('explain', () => {
  test('lists what goes by value and by reference, and how large it is', () => {
    const big = new Float64Array(10_000);
    const { parts, bytes } = explain((x: number) => big.length + x + Math.max(1, 2), 5);
    expect(parts).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ path: 'the function', how: 'value' }),
        expect.objectContaining({ path: 'closure variable `big`', how: 'data', what: 'Float64Array' }),
        expect.objectContaining({ path: 'argument 0', how: 'data' }),
      ]),
    );
    expect(bytes).toBeGreaterThan(80_000);
    expect(() => explain(() => 1, Promise.resolve())).toThrow(/argument 0 is a Promise/);
  });
});

describe('functions that are written anew for each submit', () => {
  const definitionOf = (sender: Sender, fn: (...args: never[]) => unknown): unknown =>
    sender.prepareCall(fn, []).definitions.at(-1);
  const made = (): ((x: number) => number) => (x) => x * 2;

  test('are known by their text if they use no name from outside', async () => {
    const { sender, call } = await ends();
    expect(definitionOf(sender, made())).toBe(definitionOf(sender, made()));
    expect(await call(made(), 4)).toBe(8);
  });

  test('keep their own variables, names and properties', async () => {
    const { sender, call } = await ends();
    const over = (k: number) => (x: number) => x + k;
    expect([await call(over(1), 1), await call(over(2), 1)]).toEqual([2, 3]);
    const first = made();
    sender.prepareCall(first, [1]);
    const named = { other: (x: number) => x * 2 }.other;
    expect(sender.prepareCall(named, [1]).name).toBe('other');
    const withProperty = Object.assign(made(), { extra: 1 });
    expect(definitionOf(sender, withProperty)).not.toBe(definitionOf(sender, first));
  });

  test('are looked at one by one where strict and sloppy code differ', async () => {
    const { call } = await ends();
    const source = '(o) => { o.a = 2; return o.a; }';
    const sloppy = new Function(`return ${source}`)() as (o: object) => number;
    const strict = new Function(`"use strict"; return ${source}`)() as (o: object) => number;
    const locked = (): object => Object.defineProperty({}, 'a', { value: 1, enumerable: false });
    expect(await call(sloppy, locked())).toBe(1);
    await expect(call(strict, locked())).rejects.toThrow(/read only/);
    expect(await call(sloppy, locked())).toBe(1);
  });
});

test('a large view costs no listing of its indices', async () => {
  const never = { test: () => false, reduce: (value: unknown) => value, rebuild: (value: unknown) => value };
  const { sender } = await ends({ jobReducers: { never } });
  const ownKeys = jest.spyOn(Reflect, 'ownKeys');
  try {
    sender.prepareCall((bytes: Buffer) => bytes.length, [Buffer.alloc(1e6)]).encode();
    expect(ownKeys).toHaveBeenCalled();
    expect(ownKeys.mock.calls.filter(([owner]) => ArrayBuffer.isView(owner))).toEqual([]);
  } finally {
    ownKeys.mockRestore();
  }
});
