/** State that a class, or a compiler for it, keeps in a WeakMap or WeakSet travels with the objects that it belongs to. */
import { describe, expect, test } from '@jest/globals';
import { createReceiver } from '../../lib/sending/receiver.ts';
import { createSender } from '../../lib/sending/sender.ts';

const sender = createSender();
const receiver = await createReceiver(sender.settings());
const defined = new Set<number>();

/** Calls it as a worker would. What it gives goes through the receiver, too. */
async function run<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): Promise<R> {
  const call = sender.prepareCall(fn as (...args: never[]) => unknown, args);
  for (const { id, payload } of call.definitions) {
    if (!defined.has(id)) receiver.define(id, payload);
    defined.add(id);
  }
  const received = await receiver.decodeCall(call.encode());
  return sender.decodeValue(receiver.encodeValue(received.fn(...received.args))) as R;
}

/** As compilers write a class with the private field #cents and the private method #split. */
const cents = new WeakMap<object, number>();
const methods = new WeakSet<object>();
class Money {
  constructor(amount: number) {
    methods.add(this);
    cents.set(this, amount);
  }
  value(): number {
    if (!methods.has(this)) throw new TypeError('no Money');
    return cents.get(this) as number;
  }
  half(): Money {
    return new Money(this.value() / 2);
  }
}

describe('private state', () => {
  const price = new Money(30);

  test('is there for an argument and for a captured instance', async () => {
    expect(await run((money: Money) => money.value(), price)).toBe(30);
    expect(await run(() => price.half().value())).toBe(15);
  });

  test('comes back with results', async () => {
    const [half, same, other] = await run(
      (money: Money) => [money.half(), money, new Money(7)] as const,
      price,
    );
    expect([half.value(), same.value(), other.value()]).toEqual([15, 30, 7]);
    expect(same).not.toBe(price);
    expect(await run((money: Money) => money.half().value(), half)).toBe(7.5);
  });

  test('is still there for instances that an earlier task has kept', async () => {
    const kept = globalThis as { kept?: Money };
    await run((money: Money) => {
      (globalThis as { kept?: Money }).kept = money;
      return 0;
    }, price);
    await run((money: Money) => money.value(), new Money(1));
    expect(await run(() => [Money.name, (globalThis as { kept?: Money }).kept?.value()])).toEqual([
      'Money',
      30,
    ]);
    delete kept.kept;
  });
});

describe('entries', () => {
  test('of keys that the task has, by whatever way, and no others', async () => {
    const key = { k: 1 };
    const list = [1];
    const cache = new WeakMap<object, unknown>([
      [key, 'plain'],
      [list, 'list'],
      [Buffer, 'of a name'],
      [Money, 'of a class'],
      [{ other: 1 }, Symbol.iterator],
    ]);
    const found = await run(
      (k: object, l: object) => [k, l, Buffer, Money, {}].map((one) => cache.get(one)),
      key,
      list,
    );
    expect(found).toEqual(['plain', 'list', 'of a name', 'of a class', undefined]);
  });

  test('whose keys come with other entries, in a circle of stores', async () => {
    const first = new WeakMap<object, object>();
    const second = new WeakMap<object, object>();
    const [a, b, c] = [{ a: 1 }, { b: new Date(5) }, { c: 1 }];
    first.set(a, b).set(c, a);
    second.set(b, c);
    const inner = await run(
      (one: object) => first.get(second.get(first.get(one) as object) as object) === one,
      a,
    );
    expect(inner).toBe(true);
  });

  test('that cannot be sent are refused with their place', () => {
    const key = { k: 1 };
    const cache = new WeakMap<object, unknown>([[key, Promise.resolve()]]);
    const task = (one: object): unknown => cache.get(one);
    expect(() => sender.prepareCall(task, [key])).toThrow('closure variable `cache`.get(…) is a Promise');
    expect(() => sender.prepareCall(task, [{ k: 1 }])).not.toThrow();
  });
});

test('a result cannot be a store, nor an instance of a subclass of one', () => {
  expect(() => receiver.encodeValue({ store: new WeakMap() })).toThrow(
    'result.store is a WeakMap: weak references end',
  );
});
