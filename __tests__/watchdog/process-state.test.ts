/** What a process is about to do, seen from outside. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import { isAsleep, isExiting } from '../../lib/watchdog/processes.ts';

const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux('a process that has ended, and whose exit was not seen yet, is exiting', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  const pid = child.pid as number;
  expect(isExiting(pid)).toBe(false);
  child.kill('SIGKILL');
  // This process does not get to see the exit meanwhile.
  const end = performance.now() + 5_000;
  while (!isExiting(pid) && performance.now() < end);
  expect([isExiting(pid), isAsleep(pid)]).toEqual([true, false]);
  await once(child, 'exit');
  expect(isExiting(pid)).toBe(false);
});
