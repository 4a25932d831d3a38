/** An executor that never reached its engine. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';

const program = fileURLToPath(new URL('../long/bullmq/programs/unreached.js', import.meta.url));

test.each([
  ['refuses', '127.0.0.1'],
  ['never answers', '192.0.2.1'],
])('an executor whose Redis %s leaves no timer when it is shut down', async (_, host) => {
  const { stdout } = await promisify(execFile)(process.execPath, [program, host]);
  expect(stdout).toBe('0\n');
});
