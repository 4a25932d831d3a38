/** What shared values take in a worker is counted, and collected when they are gone and it is worth it. */
import { beforeEach, expect, test } from '@jest/globals';
import type { Frame } from '../../lib/child/protocol.ts';
import { DEFINE_CODE, VALUE_CLONE } from '../../lib/sending/common/format.ts';
import { SharedMemory } from '../../workers/shared-memory.ts';

const MB = 1e6;
let rss: number;
let collections: number;
let memory: SharedMemory;

beforeEach(() => {
  rss = 50 * MB;
  collections = 0;
  memory = new SharedMemory({
    rss: () => rss,
    collect: () => {
      collections += 1;
    },
  });
});

const frameOf = (id: number, tag: number, bytes = 0): Frame =>
  ({ id, kind: 1, time: 0, body: Uint8Array.of(tag), views: [{ byteLength: bytes }] }) as unknown as Frame;

test('its binary data and what is built of it count until it is forgotten', () => {
  memory.define(frameOf(1, VALUE_CLONE, 10 * MB), () => {
    rss += 5 * MB;
  });
  memory.define(frameOf(2, DEFINE_CODE, 10 * MB), () => {});
  expect(memory.held).toBe(15 * MB);
  memory.forget(2);
  expect(memory.held).toBe(15 * MB);
  memory.forget(1);
  memory.forget(1);
  expect(memory.held).toBe(0);
  expect(memory.isWorthCollecting).toBe(false);
});

test('a collection is due when enough has been forgotten, and not again before as much was', () => {
  for (const id of [1, 2, 3]) memory.define(frameOf(id, VALUE_CLONE, 10 * MB), () => {});
  memory.forget(1);
  expect(memory.isWorthCollecting).toBe(false);
  memory.forget(2);
  expect(memory.isWorthCollecting).toBe(true);
  memory.collect();
  expect([collections, memory.isWorthCollecting]).toEqual([1, false]);
  memory.forget(3);
  expect(memory.isWorthCollecting).toBe(false);
});

test('where memory cannot be read, binary data counts', () => {
  const blind = new SharedMemory({
    rss: () => {
      throw new Error('no /proc');
    },
    collect: () => {},
  });
  blind.define(frameOf(1, VALUE_CLONE, 10 * MB), () => {});
  expect(blind.held).toBe(10 * MB);
});
