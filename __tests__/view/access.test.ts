/** Who may see the page, decided from the headers of a request. */
import { describe, expect, test } from '@jest/globals';
import { hostFault, isSame, originFault } from '../../lib/view/access.ts';
import { readAction } from '../../lib/view/action-query.ts';

test('a token is the same or it is not, whatever its length', () => {
  expect(isSame('abc', 'abc')).toBe(true);
  for (const other of [undefined, '', 'ab', 'abcd', 'abd', 'ABC']) expect(isSame(other, 'abc')).toBe(false);
});

describe('host', () => {
  test.each([
    '127.0.0.1:80',
    '127.0.0.1',
    '10.0.0.7:1',
    '[::1]:80',
    'localhost:3000',
    'ops.example.com',
    'OPS.example.com:8443',
  ])('%s may be reached', (host) => {
    expect(hostFault(host, ['ops.example.com'])).toBeUndefined();
  });

  test.each([
    undefined,
    '',
    'evil.example',
    'evil.example:80',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'example.com',
    'x@127.0.0.1',
    '127.0.0.1/evil',
    'a b',
  ])('%s may not', (host) => {
    expect(hostFault(host, ['ops.example.com'])).toEqual(expect.any(String));
  });
});

describe('origin', () => {
  const host = '127.0.0.1:80';
  test('the page itself, and programs that are no browser, may read', () => {
    expect(originFault({ host }, false)).toBeUndefined();
    expect(originFault({ host: '127.0.0.1:90', origin: 'http://127.0.0.1:90' }, true)).toBeUndefined();
    expect(originFault({ host, 'sec-fetch-site': 'same-origin' }, false)).toBeUndefined();
    expect(originFault({ host, 'sec-fetch-site': 'none' }, false)).toBeUndefined();
  });

  test.each([
    { origin: 'http://evil.example' },
    { origin: 'null' },
    { origin: 'http://127.0.0.1:81' },
    { origin: 'chrome-extension://127.0.0.1' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ])('%j may not', (headers) => {
    expect(originFault({ host, ...headers }, false)).toEqual(expect.any(String));
  });

  test('who wants to act must say where it comes from', () => {
    expect(originFault({ host }, true)).toEqual(expect.any(String));
  });
});

test('an action is read only if it is whole', () => {
  const read = (query: string) => readAction(new URLSearchParams(query));
  expect(read('do=resize&pool=1&workers=4')).toEqual({ kind: 'resize', pool: 1, workers: 4 });
  expect(read('do=end-worker&pool=1&pid=77')).toEqual({ kind: 'end-worker', pool: 1, pid: 77 });
  expect(read('do=cancel-task&pool=1&task=9')).toEqual({ kind: 'cancel-task', pool: 1, task: 9 });
  for (const wrong of [
    '',
    'do=resize',
    'do=resize&pool=1',
    'do=resize&pool=x&workers=1',
    'do=kill&pool=1',
    'do=resize&pool=1&workers=-1',
  ])
    expect(read(wrong)).toBeUndefined();
});
