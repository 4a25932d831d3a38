/** The errors of workers that could not start are sentences, whatever is told in them. */
import { expect, test } from '@jest/globals';
import { diedWhileStarting, initializerThrew } from '../../lib/manager/startup-errors.ts';

const END = 'the executor is broken.';

test.each([
  ['Connection refused.', 'Connection refused'],
  ['Connection refused', 'Connection refused'],
  ['Connecting to 10.0.0.1...', 'Connecting to 10.0.0.1...'],
])('%j is told without a period in the middle', (message, told) => {
  const cause = new Error(message);
  expect(initializerThrew(cause)).toMatchObject({
    message: `The initializer of a worker failed: ${told}; ${END}`,
    cause,
  });
  const exit = { exitCode: undefined, signal: undefined, stderr: '', startError: cause };
  expect(diedWhileStarting(exit as never, false).message).toBe(
    `A worker process could not be started: ${told}; ${END}`,
  );
});
