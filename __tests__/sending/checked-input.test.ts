/** What callers hand in wrongly, or change between two submits, is noticed at once. */
import { expect, test } from '@jest/globals';
import { explain, wrapNonSerializable } from '../../lib/sending/for-programs.ts';
import { createSender } from '../../lib/sending/sender.ts';

test('a test of a reducer that throws refuses the task, whatever the arguments are', () => {
  const test_ = (value: unknown): boolean => (value as { foo: number }).foo === 1;
  const same = <T>(value: T): T => value;
  const { prepareCall } = createSender({ jobReducers: { a: { test: test_, reduce: same, rebuild: same } } });
  expect(() => prepareCall(() => 1, [undefined])).toThrow(
    expect.objectContaining({ code: 'ERR_SERIALIZATION', message: expect.stringContaining('foo') }),
  );
});

test('what is nested too deeply to be explained is refused', () => {
  let deep: unknown[] = [];
  for (let i = 0; i < 100_000; i++) deep = [deep];
  expect(() => explain(() => 1, deep as never)).toThrow(
    expect.objectContaining({ code: 'ERR_SERIALIZATION' }),
  );
});

test('misspelled options of a wrapper, and a list of reducers, are refused', () => {
  expect(() => wrapNonSerializable({}, { keep_wrapper: true } as never)).toThrow(
    /it is called keepWrapper here/,
  );
  expect(() => wrapNonSerializable({}, { keep: true } as never)).toThrow(/unknown option keep/);
  expect(() => createSender({ jobReducers: [] as never })).toThrow(/an object of reducers, but got an array/);
});

test('a function whose prototype was replaced is sent anew', () => {
  function Shape(this: object): void {}
  function Other(this: object): void {}
  const { prepareCall } = createSender();
  for (const [cls, replace] of [
    [Shape, () => Object.assign(Shape, { prototype: { area: () => 1 } })],
    [Other, () => Object.setPrototypeOf(Other.prototype, { area: () => 1 })],
  ] as const) {
    const task = (): object => Reflect.construct(cls, []) as object;
    prepareCall(task, []);
    const before = prepareCall(task, []).encode().body.length;
    replace();
    expect(prepareCall(task, []).encode().body.length).toBeGreaterThan(before);
  }
});
