/** What the error of a worker's death says of a signal. */
import { expect, test } from '@jest/globals';
import { type ExitReport, terminatedWorkerError } from '../../lib/child/exit-report.ts';

const exit: ExitReport = {
  pid: 4711,
  exitCode: undefined,
  signal: undefined,
  stderr: '',
  startError: undefined,
  malformedFrame: undefined,
  closedChannel: false,
  leftUnread: false,
  killedByKernel: false,
};
const context = {
  rank: 0,
  task: 'resize',
  loading: undefined,
  memory: 300e6,
  memoryLimit: undefined,
  fault: undefined,
  uncaught: undefined,
};

test.each([
  ['SIGKILL', false, 'Another program, or the operating system for lack of memory, killed it.'],
  ['SIGTERM', false, 'The task or another program sent the signal.'],
  ['SIGABRT', false, 'The task called process.abort(), or native code gave up'],
  ['SIGSEGV', false, 'This could be caused by a segmentation fault in native code or by'],
  [
    'SIGKILL',
    true,
    'the kernel killed it because the memory of its control group was used up; it last used 300 MB.',
  ],
] as const)('%s, by the kernel for memory: %s', (signal, killedByKernel, sentence) => {
  const { message } = terminatedWorkerError({ ...exit, signal, killedByKernel }, context);
  expect(message).toContain('while it was running the task "resize": ');
  expect(message).toContain(sentence);
});
