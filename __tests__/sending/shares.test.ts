/** Shared values: what is sent of them, to whom an answer may name them, and when they are no longer needed. */
import { describe, expect, test } from '@jest/globals';
import { functionWriter } from '../../lib/bullmq/function-call.ts';
import { RemoteShares } from '../../lib/bullmq/remote-shares.ts';
import { valueCodec } from '../../lib/bullmq/wire-values.ts';
import { lostBody } from '../../lib/child/frames.ts';
import { SerializationError } from '../../lib/errors.ts';
import { VALUE_GRAPH } from '../../lib/sending/common/format.ts';
import type { PreparedCall } from '../../lib/sending/common/payload.ts';
import { createReceiver } from '../../lib/sending/receiver.ts';
import { createSender } from '../../lib/sending/sender.ts';
import { devalue } from '../../lib/system/devalue/devalue.ts';

const sender = createSender();
const read = ({ value }: { value: unknown }): unknown => value;
const idOf = (call: PreparedCall): number => call.definitions.at(-1)?.id as number;

describe('a call with a shared value', () => {
  const shared = sender.share(Buffer.alloc(200_000, 7));
  const call = sender.prepareCall(read, [shared]);

  test('is small, and comes after a definition that has the bytes without another copy', async () => {
    expect(call.encode().body.length).toBeLessThan(200);
    const again = sender.prepareCall(read, [shared, [shared]]);
    expect(idOf(again)).toBe(idOf(call));
    const payload = call.definitions.at(-1)?.payload;
    expect(payload?.views.map(({ length }) => length)).toEqual([200_000]);
    expect(again.definitions.at(-1)?.payload).toBe(payload);
  });

  test('finds in the worker what arrived, without a copy, and says what did not arrive', async () => {
    const { define, decodeCall, forget } = await createReceiver(sender.settings());
    for (const { id, payload } of call.definitions.slice(0, -1)) define(id, payload);
    expect(() => decodeCall(call.encode())).toThrow(/a shared value that has not arrived/);
    define(idOf(call), { body: lostBody(5e9), views: [] });
    expect(() => decodeCall(call.encode())).toThrow(
      /a shared value, 5000000000 bytes, does not fit into the memory of the worker\n {2}hint: /,
    );
    const view = new Uint8Array(new ArrayBuffer(200_000));
    const { body } = call.definitions.at(-1)?.payload ?? { body: new Uint8Array() };
    define(idOf(call), { body, views: [view] });
    const first = await decodeCall(call.encode());
    const second = await decodeCall(call.encode());
    expect(first.args[0]).toBe(second.args[0]);
    expect((first.args[0] as { value: Buffer }).value.buffer).toBe(view.buffer);
    forget(idOf(call));
    expect(() => decodeCall(call.encode())).toThrow(/has not arrived/);
  });

  test('cannot be answered with the value of this process by a worker that names its number', () => {
    const heads = Buffer.from(JSON.stringify([['shared', idOf(call)]]));
    const flat = Buffer.from(JSON.stringify([[1, 3], ['$', 2], 0, ['Set', 4], []]));
    const sizes = Buffer.alloc(9);
    sizes[0] = VALUE_GRAPH;
    sizes.writeUInt32LE(heads.length, 1);
    sizes.writeUInt32LE(flat.length, 5);
    const forged = { body: Buffer.concat([sizes, heads, flat]), views: [] };
    expect(() => sender.decodeValue(forged)).toThrow(SerializationError);
    expect(() => sender.decodeValue(forged)).toThrow(/does not accept: a shared value/);
  });

  test('is refused where no other machine would find it', () => {
    const codec = valueCodec(devalue, undefined, 1e6);
    expect(() => codec.write({ deep: [shared] }, 'the result')).toThrow(
      /^cannot send the result through Redis: it holds a shared value, which only arguments and functions can\n {2}hint: /,
    );
    const { write, shareOf } = new RemoteShares({ store: undefined, queue: 'queue' }, codec);
    const refusal = /is a shared value, and this executor has no `store`.*\n {2}hint: give the same store/;
    expect(() => valueCodec(devalue, undefined, 1e6, { write }).writeArguments([{ deep: [shared] }])).toThrow(
      refusal,
    );
    expect(() => functionWriter(undefined, shareOf)(() => shared.value, [])).toThrow(refusal);
  });
});

describe('a shared value is retired', () => {
  const retired = (from = sender): boolean => {
    let count = 0;
    from.onLargeRetired(() => {
      count += 1;
    });
    from.takeRetired();
    return count > 0;
  };

  /** What every sender hears while `action` runs. */
  function heard(action: () => void): number[] {
    const others = createSender();
    const ids: number[] = [];
    others.onLargeRetired(() => ids.push(...others.takeRetired()));
    action();
    return ids;
  }

  test('at once when it is disposed, and once', () => {
    const shared = sender.share([1]);
    const id = idOf(sender.prepareCall(read, [shared]));
    expect(heard(() => shared[Symbol.dispose]())).toEqual([id]);
    expect(heard(() => shared[Symbol.dispose]())).toEqual([]);
    expect(retired()).toBe(false);
  });

  test('after the last of the tasks that hold it, whose bytes it has until then', () => {
    const shared = sender.share([1]);
    const call = sender.prepareCall(read, [shared]);
    const [share] = call.shares ?? [];
    const bytes = call.definitions.at(-1)?.payload.body;
    share?.hold();
    share?.hold();
    expect(heard(() => shared[Symbol.dispose]())).toEqual([]);
    expect(heard(() => share?.release())).toEqual([]);
    expect(call.definitions.at(-1)?.payload.body).toBe(bytes);
    expect(heard(() => share?.release())).toEqual([idOf(call)]);
    expect(call.definitions.at(-1)?.payload.body).not.toBe(bytes);
  });

  test('after the one that holds it', () => {
    const inner = sender.share([1]);
    const outer = sender.share({ inner });
    const ids = [inner, outer].map((shared) => idOf(sender.prepareCall(read, [shared])));
    expect(heard(() => inner[Symbol.dispose]())).toEqual([]);
    expect(heard(() => outer[Symbol.dispose]()).sort()).toEqual(ids.sort());
  });
});

test('a reducer of results cannot capture one: settings are sent without it', () => {
  const shared = sender.share([1]);
  const resultReducers = {
    odd: { test: () => shared.value.length > 1, reduce: () => 1, rebuild: () => 1 },
  };
  expect(() => createSender({ resultReducers }).settings()).toThrow(
    /a reducer that captures a shared value\n {2}hint/,
  );
});
