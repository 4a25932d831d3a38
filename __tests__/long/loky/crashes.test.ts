/**
 * loky's crash cases, in its order: the shared executor, a task that fails at one stage of its way, and a fresh shared
 * executor that must work afterwards. Where loky breaks the pool for what one task alone is to blame for, that task
 * alone fails here. The whole matrix is in faults/.
 */
import { describe, expect, test } from '@jest/globals';
import { type Future, getReusableExecutor, type ReusableExecutor, type ReusableExecutorOptions } from 'loky';
import { rejectionOf, sleepFor, square } from '../../executor/pools.ts';
import { checkedPools } from './checked-pools.ts';

checkedPools({ reusable: true });

type Act = () => unknown;
const throwError: Act = () => {
  throw new RangeError('as it was told');
};
const throwWords: Act = () => {
  throw 'as it was told';
};
const exit: Act = () => process.exit(0);
const exitAtOnce: Act = () => (process as unknown as { reallyExit(code: number): never }).reallyExit(0);
const crash: Act = () => process.kill(process.pid, 'SIGSEGV');

const HOOK = Symbol.for('loky.reduce');
const keep = <T>(value: T): T => value;
/** The act is carried out when the value is encoded. */
const encodedBy = (act: Act): object => ({ [HOOK]: act });
/** The act is carried out where the value is rebuilt. */
const rebuiltBy = (act: Act): object => ({ [HOOK]: () => [act] });

type Submit = (executor: ReusableExecutor) => Future<unknown>;
const withArgument =
  (argument: object): Submit =>
  (executor) =>
    executor.submit(keep, argument);
const withResultEncodedBy =
  (act: Act): Submit =>
  (executor) =>
    executor.submit(() => ({ [Symbol.for('loky.reduce')]: act }));
/** No code comes from a worker: a reducer of this process rebuilds the result. */
class Result {
  readonly throws: 'error' | 'words';
  constructor(throws: Result['throws']) {
    this.throws = throws;
  }
}
const withResultRebuiltBy =
  (throws: Result['throws']): Submit =>
  (executor) =>
    executor.submit(() => new Result(throws));
const running =
  (act: Act): Submit =>
  (executor) =>
    executor.submit(act);

const refused = {
  name: 'SerializationError',
  message: expect.stringContaining('as it was told'),
};
const exited = {
  name: 'TerminatedWorkerError',
  reason: 'exit',
  message: expect.stringContaining('{EXIT(0)}'),
};
const crashed = { name: 'TerminatedWorkerError', message: expect.stringContaining('{SIGSEGV(-11)}') };
const its = { name: 'RangeError', message: 'as it was told' };

const cases: readonly (readonly [name: string, submit: Submit, error: object])[] = [
  ['encoding its argument throws what is no Error', withArgument(encodedBy(throwWords)), refused],
  ['encoding its argument throws', withArgument(encodedBy(throwError)), refused],
  ['rebuilding its argument throws what is no Error', withArgument(rebuiltBy(throwWords)), refused],
  ['rebuilding its argument exits', withArgument(rebuiltBy(exit)), exited],
  ['rebuilding its argument throws', withArgument(rebuiltBy(throwError)), refused],
  ['rebuilding its argument crashes', withArgument(rebuiltBy(crash)), crashed],
  ['it crashes', running(crash), crashed],
  ['it calls process.exit', running(exit), exited],
  ['it exits past every handler', running(exitAtOnce), exited],
  ['it throws', running(throwError), its],
  ['encoding its result crashes', withResultEncodedBy(crash), crashed],
  ['encoding its result throws what is no Error', withResultEncodedBy(throwWords), refused],
  ['encoding its result exits', withResultEncodedBy(exit), exited],
  ['encoding its result throws', withResultEncodedBy(throwError), refused],
  ['rebuilding its result throws what is no Error', withResultRebuiltBy('words'), refused],
  ['rebuilding its result throws', withResultRebuiltBy('error'), refused],
];

const settings: ReusableExecutorOptions = {
  maxWorkers: 2,
  stdio: 'ignore',
  resultReducers: {
    result: {
      test: (value) => value instanceof Result,
      reduce: ({ throws }: Result) => throws,
      rebuild: (throws: Result['throws']) => (throws === 'error' ? throwError() : throwWords()),
    },
  },
};

async function expectOutcome(
  executor: ReusableExecutor,
  future: Future<unknown>,
  error: object,
): Promise<void> {
  const rejection = await rejectionOf(future);
  expect(rejection).toMatchObject(error);
  const isBroken = error === exited || error === crashed;
  if (isBroken) expect(() => executor.submit(square, 3)).toThrow(rejection);
  else expect(await executor.submit(square, 3)).toBe(9);
  const next = getReusableExecutor(settings);
  expect(next === executor).toBe(!isBroken);
  expect(await next.submit(square, 4)).toBe(16);
}

describe.each(cases)('a task of which %s', (_, submit, error) => {
  test('has its own error, and the shared executor works', async () => {
    const executor = getReusableExecutor(settings);
    await expectOutcome(executor, submit(executor), error);
  });

  test('has its own error when a done-callback submitted it, and the shared executor works', async () => {
    const executor = getReusableExecutor(settings);
    const box = await new Promise<{ future: Future<unknown> }>((resolve) => {
      executor.submit(sleepFor, 20).addDoneCallback(() => {
        resolve({ future: submit(getReusableExecutor(settings)) });
      });
    });
    await expectOutcome(executor, box.future, error);
  });
});
