import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { createOrder, decodeOrder, encodeOrder } from '../../lib/watchdog/resource-orders.ts';
import { resourceTracker } from '../../lib/watchdog/resource-tracker.ts';

describe('orders', () => {
  test('travel as lines, whatever the name', () => {
    for (const path of [
      '/somewhere/a',
      '/somewhere/with space\nand line',
      '/somewhere/"quoted"',
      '/somewhere/ünï:code',
    ]) {
      const order = createOrder('register', path, 'file');
      const line = encodeOrder(order);
      expect(line.indexOf('\n')).toBe(line.length - 1);
      expect(decodeOrder(line)).toEqual(order);
    }
  });

  test('take relative paths from the working folder', () => {
    expect(createOrder('register', 'some/file', 'file').path).toBe(join(process.cwd(), 'some/file'));
  });

  test('that are rubbish are none', () => {
    for (const line of [
      '',
      '{}',
      '[]',
      'null',
      '["remove","file","/somewhere/a"]',
      '["register","disk","/somewhere/a"]',
      '["register"',
    ]) {
      expect(decodeOrder(line)).toBeUndefined();
    }
  });

  test.each([
    [undefined, 'file', TypeError, 'Expected the path of a file or folder as a string, got undefined.'],
    ['', 'file', TypeError, 'Expected the path of a file or folder as a string, got "".'],
    [
      '/somewhere/a',
      'semlock',
      TypeError,
      `Expected the kind of resource to be 'file' or 'folder', got "semlock".`,
    ],
    [
      '/somewhere/a',
      undefined,
      TypeError,
      `Expected the kind of resource to be 'file' or 'folder', got undefined.`,
    ],
    ['/', 'folder', RangeError, 'Expected a temporary folder to track, got /, which is a whole file system.'],
    [
      '/somewhere/..',
      'folder',
      RangeError,
      'Expected a temporary folder to track, got /, which is a whole file system.',
    ],
  ])('refuse the path %j of kind %j', (path, kind, type, message) => {
    const register = () => resourceTracker.register(path as string, kind as 'file');
    expect(register).toThrow(type);
    expect(register).toThrow(message);
  });
});
