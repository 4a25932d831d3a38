/**
 * The ways in which code of a user can fail inside a worker. What each does is self-contained, so that it can be
 * sent; it knows no stage and no executor.
 */
import { expect } from '@jest/globals';
import type { TerminatedWorkerError } from 'loky';

/**
 * What becomes of the process: it goes on after a throw, it ends, its thread never comes back, or nothing ever
 * settles the promise.
 */
export type Effect = 'throws' | 'ends' | 'loops' | 'never settles';

export interface Way {
  readonly name: string;
  readonly effect: Effect;
  readonly misbehave: () => unknown;
  /** What the error of a worker that ended by it says. */
  readonly report?: Partial<Pick<TerminatedWorkerError, 'reason' | 'exitCode' | 'signal'>>;
  /** What the error of a task that threw it looks like. */
  readonly thrown?: unknown;
}

const throwing = (name: string, thrown: unknown, misbehave: () => unknown): Way => ({
  name,
  effect: 'throws',
  thrown,
  misbehave,
});

const ending = (name: string, report: NonNullable<Way['report']>, misbehave: () => unknown): Way => ({
  name,
  effect: 'ends',
  report,
  misbehave,
});

export const ways: readonly Way[] = [
  throwing('throws an Error', { name: 'RangeError', message: 'no good' }, () => {
    throw new RangeError('no good');
  }),
  throwing('throws a non-Error', 'just words', () => {
    throw 'just words';
  }),
  throwing('calls process.disconnect()', { name: expect.stringMatching(/Error$/) }, () =>
    process.disconnect(),
  ),
  ending('calls process.exit(0)', { reason: 'exit', exitCode: 0 }, () => process.exit(0)),
  ending('calls process.exit(42)', { reason: 'exit', exitCode: 42 }, () => process.exit(42)),
  ending('kills itself by SIGKILL', { reason: 'crash', signal: 'SIGKILL' }, () => {
    process.kill(process.pid, 'SIGKILL');
  }),
  ending('kills itself by SIGSEGV', { reason: 'crash', signal: 'SIGSEGV' }, () => {
    process.kill(process.pid, 'SIGSEGV');
  }),
  ending('aborts', { reason: 'crash', signal: 'SIGABRT' }, () => process.abort()),
  ending('exhausts its heap', { reason: 'out-of-memory' }, () => {
    const kept: unknown[] = [];
    for (;;) kept.push(new Array(10_000).fill(kept.length));
  }),
  ending('closes its channel', { reason: 'channel' }, () => {
    process.getBuiltinModule('node:fs').closeSync(3);
  }),
  ending('writes rubbish into its channel', { reason: 'channel' }, () => {
    process.getBuiltinModule('node:fs').writeSync(3, 'rubbish');
  }),
  {
    name: 'never comes back',
    effect: 'loops',
    misbehave: () => {
      for (;;);
    },
  },
  { name: 'never settles', effect: 'never settles', misbehave: () => new Promise(() => {}) },
];

/** Whether only a limit of time ends it. */
export const isEndless = ({ effect }: Way): boolean => effect === 'loops' || effect === 'never settles';
