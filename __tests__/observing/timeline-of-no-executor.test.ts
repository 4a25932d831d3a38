/** What `traceTimeline` says to what has no events. */
import { EventEmitter } from 'node:events';
import { expect, test } from '@jest/globals';
import { traceTimeline } from 'loky';
import { poolsOfEachTest } from '../executor/pools.ts';

const newPool = poolsOfEachTest();

test.each([
  ['a view', () => newPool().withOptions({ name: 'task' }), 'a view of one: it has no events of its own'],
  ['nothing', () => undefined, 'undefined'],
  ['null', () => null, 'null'],
  ['options', () => ({ maxEvents: 10 }), 'an object'],
  ['another emitter', () => new EventEmitter(), 'an object'],
])('%s is refused', (_, make, got) => {
  const expected = new TypeError(`traceTimeline expects an executor, got ${got}`);
  expect(() => traceTimeline(make() as never)).toThrow(expected);
});
