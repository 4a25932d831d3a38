/** A task reports as often as it likes: what cannot be read of it is told once. */
import { expect, jest, test } from '@jest/globals';
import { Future, futureControl } from '../../lib/futures/future.ts';

test('reports that cannot be read are told once for each cause', () => {
  const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
  try {
    for (let task = 0; task < 10; task++) {
      const future = new Future({ cancel: () => false, isRunning: () => true, send: () => false });
      future.onProgress(() => {});
      for (let report = 0; report < 1000; report++) {
        futureControl.progress(future, () => {
          throw new Error(`cause ${report % 2}`);
        });
      }
    }
    expect(warn).toHaveBeenCalledTimes(2);
    for (let cause = 2; cause < 1000; cause++) {
      const future = new Future({ cancel: () => false, isRunning: () => true, send: () => false }).onProgress(
        () => {},
      );
      futureControl.progress(future, () => {
        throw new Error(`cause ${cause}`);
      });
    }
    expect(warn.mock.calls.length).toBeLessThanOrEqual(100);
  } finally {
    warn.mockRestore();
  }
});
