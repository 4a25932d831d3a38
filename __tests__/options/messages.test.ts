/** What wrong options are answered with: the way out, in one sentence. */
import { describe, expect, test } from '@jest/globals';
import { checkOptions, describe as describeValue, milliseconds } from '../../lib/system/check.ts';

const checks = { maxWorkers: milliseconds, idleTimeout: milliseconds, taskTimeout: milliseconds };

describe('an unknown option', () => {
  test.each([
    ['maxWorker', 'did you mean maxWorkers?'],
    ['maxworkers', 'did you mean maxWorkers?'],
    ['maxxWorkers', 'did you mean maxWorkers?'],
    ['maxWorkars', 'did you mean maxWorkers?'],
    ['maxWorkesr', 'did you mean maxWorkers?'],
    ['amxWorkers', 'did you mean maxWorkers?'],
    ['max_workers', 'it is called maxWorkers here'],
    ['timeout', 'it is called idleTimeout here; the limit of a task is taskTimeout'],
  ])('%s is answered with the name that was meant', (name, answer) => {
    expect(() => checkOptions({ [name]: 1 }, checks, 'the pool')).toThrow(
      `unknown option ${name} of the pool: ${answer}`,
    );
  });

  test.each(['', 'x', 'toString', 'maxWorkersAtATime'])(
    '"%s", which is like none, is answered with all names',
    (name) => {
      expect(() => checkOptions({ [name]: 1 }, checks, 'the pool')).toThrow(
        `unknown option ${name} of the pool: expected one of maxWorkers, idleTimeout, taskTimeout`,
      );
    },
  );
});

test.each([
  [new AbortController(), 'an AbortController'],
  [Promise.resolve(), 'a Promise'],
  [new Map(), 'a Map'],
  [{}, 'an object'],
  [[], 'an array'],
  [null, 'null'],
  [undefined, 'undefined'],
  ['text', '"text"'],
  [5n, '5 (bigint)'],
])('what came is told by its kind: %p', (value, described) => {
  expect(describeValue(value)).toBe(described);
});
