/** Messages to a task are kept until the task has taken them. */
import { expect, test } from '@jest/globals';
import { QueueFullError } from 'loky';
import { MOST_UNREAD, UnreadMessages } from '../../lib/manager/task-messages.ts';

const message = (body: number) => ({
  definitions: [],
  payload: { body: Buffer.of(body), views: [] },
});

test('those that were taken are gone, the others stay in their order', () => {
  const messages = new UnreadMessages();
  for (const body of [1, 2, 3]) messages.add(message(body));
  messages.taken();
  messages.taken();
  expect(messages.all.map(({ payload }) => payload.body[0])).toEqual([3]);
});

test('a worker that has taken more than there are breaks the protocol', () => {
  const messages = new UnreadMessages();
  messages.add(message(1));
  messages.taken();
  expect(() => messages.taken()).toThrow('it has taken a message that was not sent');
});

test('there is room for so many', () => {
  const messages = new UnreadMessages();
  for (let count = 0; count < MOST_UNREAD; count += 1) {
    messages.expectRoom();
    messages.add(message(0));
  }
  expect(() => messages.expectRoom()).toThrow(/1000 messages to the task are unread/);
  messages.taken();
  expect(() => messages.expectRoom()).not.toThrow(QueueFullError);
});
