import { describe, expect, jest, test } from '@jest/globals';
import { isRefusal } from '../../lib/bullmq/refusal.ts';
import { checkAllowFunctions, type SignedTerms, sign, verify } from '../../lib/bullmq/signing.ts';

const allow = { key: 'a key of the tests that has at least 32 bytes', expiresAfter: 60_000 };
const terms: SignedTerms = {
  ...{ queue: 'work', id: 'me-1', name: 'double', attempts: 1 },
  data: {
    ...{ loky: 2, task: null, args: '', chunk: false, reply: 'me', version: '1', timeout: 500, keep: 60 },
    ...{ startBy: null, output: false },
  },
};

const errorOf = (run: () => void): Error => {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error('Expected an error');
};

describe('the signature of a function', () => {
  test('is good for its job, and for no other key', () => {
    const signed = sign(allow, terms, 'code');
    expect(() => verify(allow, terms, signed)).not.toThrow();
    expect(() => verify({ key: `${allow.key}!` }, terms, signed)).toThrow(/not signed with the key/);
  });

  test.each<[string, Partial<SignedTerms>]>([
    ['queue', { queue: 'other' }],
    ['id', { id: 'me-2' }],
    ['name', { name: 'half' }],
    ['attempts', { attempts: 100 }],
    ['protocol', { data: { ...terms.data, loky: 3 } }],
    ['task', { data: { ...terms.data, task: 'remove' } }],
    ['arguments', { data: { ...terms.data, args: '[1]' } }],
    ['chunk', { data: { ...terms.data, chunk: true } }],
    ['submitter', { data: { ...terms.data, reply: 'thief' } }],
    ['version', { data: { ...terms.data, version: null } }],
    ['time limit', { data: { ...terms.data, timeout: null } }],
    ['time by which it must begin', { data: { ...terms.data, startBy: 1 } }],
    ['shared values', { data: { ...terms.data, shared: [[1, 'key', 'hash']] } }],
    ['wish for its output', { data: { ...terms.data, output: true } }],
    ['age of the outcome', { data: { ...terms.data, keep: 1 } }],
  ])('covers the %s', (_, changed) => {
    const signed = sign(allow, terms, 'code');
    expect(() => verify(allow, { ...terms, ...changed }, signed)).toThrow(/was changed since/);
  });

  test('covers the code and the time until which it is good', () => {
    const signed = sign(allow, terms, 'code');
    expect(() => verify(allow, terms, { ...signed, call: 'other' })).toThrow(/was changed since/);
    expect(() => verify(allow, terms, { ...signed, expires: 9e15 })).toThrow(/was changed since/);
  });

  test('is good for its time alone, and no other machine is asked then', () => {
    const signed = sign(allow, terms, 'code');
    const now = jest.spyOn(Date, 'now').mockReturnValue(signed.expires);
    const expired = errorOf(() => verify(allow, terms, signed));
    now.mockRestore();
    expect(expired.message).toMatch(/was good until .*expiresAfter/);
    expect(isRefusal(expired)).toBe(false);
    expect(isRefusal(errorOf(() => verify(allow, { ...terms, id: 'other' }, signed)))).toBe(true);
  });

  test('is refused with a time that is none', () => {
    expect(() => checkAllowFunctions({ ...allow, expiresAfter: -1 }, 'allowFunctions')).toThrow(
      /expiresAfter of allowFunctions must be/,
    );
  });
});
