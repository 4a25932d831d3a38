/** What arrived at an end that has no memory for it is an error of its task, and of nothing else. */
import { describe, expect, test } from '@jest/globals';
import { lostBody } from '../../lib/child/frames.ts';
import { SerializationError } from '../../lib/errors.ts';
import { createReceiver } from '../../lib/sending/receiver.ts';
import { createSender } from '../../lib/sending/sender.ts';

const sender = createSender();
const lost = { body: lostBody(5e9), views: [] };

const errorOf = async (action: () => unknown): Promise<unknown> => {
  try {
    return await action();
  } catch (error) {
    return error;
  }
};

describe('what does not fit into memory', () => {
  test('is said of an answer, with its size and the way out', async () => {
    const error = await errorOf(() => sender.decodeValue(lost));
    expect(error).toBeInstanceOf(SerializationError);
    expect(String(error)).toMatch(
      /the answer of the worker, 5000000000 bytes, does not fit into the memory of this process\n {2}hint: /,
    );
  });

  test('is said of a task', async () => {
    const { decodeCall } = await createReceiver(sender.settings());
    const error = await errorOf(() => decodeCall(lost));
    expect(error).toBeInstanceOf(SerializationError);
    expect(String(error)).toMatch(/the task, 5000000000 bytes, does not fit into the memory of the worker\n/);
  });

  test('is said of the task that needs a function which did not fit, and of no other', async () => {
    const { decodeCall, define } = await createReceiver(sender.settings());
    const factor = 2;
    const needing = sender.prepareCall((f: unknown) => f, [(x: number) => x * factor]);
    for (const { id } of needing.definitions) define(id, lost);
    expect(String(await errorOf(() => decodeCall(needing.encode())))).toMatch(/has not arrived/);
    const other = sender.prepareCall((x: number) => x, [1]);
    for (const { id, payload } of other.definitions) define(id, payload);
    expect(await decodeCall(other.encode())).toMatchObject({ args: [1] });
  });
});
