/** Errors of `map` are those that `submit` gives for the same call, and each is that of its item alone. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { poolOfAllTests, rejectionOf } from './pools.ts';

const inputs = [1, 2, 3];

describe.each([1, 3])('with chunks of %p', (chunkSize) => {
  const pool = poolOfAllTests({ maxWorkers: 1, stdio: 'ignore' });
  const ofSecond = async (fn: (x: number) => unknown) => {
    const results = pool.map(fn, inputs, { chunkSize });
    expect((await results.next()).value).toBe(1);
    return (await rejectionOf(results.next())) as Error & Record<string, unknown>;
  };

  test('an error keeps all that can be sent of it, as with submit', async () => {
    const fail = (x: number) => {
      if (x !== 2) return x;
      const cause = Object.assign(new TypeError('why'), { handle: process.stdout });
      throw Object.assign(new RangeError('out of paper', { cause }), {
        code: 'E_PAPER',
        printer: process.stdout,
      });
    };
    const expected = await rejectionOf(pool.submit(fail, 2));
    const error = await ofSecond(fail);
    for (const each of [expected, error]) {
      expect(each).toBeInstanceOf(RangeError);
      expect(each).toMatchObject({ message: 'out of paper', code: 'E_PAPER', cause: { message: 'why' } });
      expect(each).not.toHaveProperty('printer');
    }
  });

  test('its stack names the task and nothing of the worker', async () => {
    const fail = (x: number) => {
      if (x === 2) throw new Error('two');
      return x;
    };
    const { stack } = await ofSecond(fail);
    expect(stack).toMatch(/at fail /);
    expect(stack).not.toMatch(/worker\.cjs/);
  });

  test('an error that cannot be read costs no other item its result', async () => {
    const fail = (x: number) => {
      const get = () => {
        throw new Error('no message for you');
      };
      if (x === 2) throw Object.defineProperty(new RangeError(), 'message', { get, enumerable: true });
      return x;
    };
    expect(await ofSecond(fail)).toMatchObject({ name: 'RangeError' });
  });

  test('what was thrown and is no error arrives as it is, without what cannot be sent of it', async () => {
    const failWith = (x: number) => {
      if (x === 2) throw { code: 7 };
      return x;
    };
    expect(await ofSecond(failWith)).toEqual({ code: 7 });
    const failWithMore = (x: number) => {
      if (x === 2) throw { code: 7, printer: process.stdout };
      return x;
    };
    const thrown = await ofSecond(failWithMore);
    expect(thrown).toEqual({ code: 7 });
    expect(thrown).toMatchObject({ [Symbol.for('loky.omitted')]: ['printer'] });
    const failWithNothing = (x: number) => {
      if (x === 2) throw process.stdout;
      return x;
    };
    expect((await ofSecond(failWithNothing)).message).toMatch(
      /^the task threw a value that cannot be sent: /,
    );
  });

  test('an async item may reject between others, and what comes after it runs', async () => {
    const fail = async (x: number) => {
      await null;
      if (x === 2) throw new RangeError('two');
      (globalThis as { last?: number }).last = x;
      return x;
    };
    expect(await ofSecond(fail)).toMatchObject({ name: 'RangeError', message: 'two' });
    if (chunkSize > 1) expect(await pool.submit(() => (globalThis as { last?: number }).last)).toBe(3);
  });

  test('so may one that throws before it gives a promise, after one that gave one', async () => {
    const fail = (x: number) => {
      if (x === 2) throw new RangeError('two');
      return Promise.resolve(x);
    };
    expect(await ofSecond(fail)).toMatchObject({ name: 'RangeError', message: 'two' });
  });

  test('a class of error that the worker alone has becomes the nearest one that there is', async () => {
    const fail = (x: number) => {
      class OutOfPaper extends RangeError {}
      if (x === 2) throw new OutOfPaper('two');
      return x;
    };
    const expected = await rejectionOf(pool.submit(fail, 2));
    const error = await ofSecond(fail);
    expect([error.name, error instanceof RangeError, error.message]).toEqual([
      expected.name,
      expected instanceof RangeError,
      'two',
    ]);
  });

  test('an error of a class that the host has not loaded is the same as with submit', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'loky-map-'));
    const file = join(folder, 'errors.cjs');
    writeFileSync(
      file,
      `class PaperError extends RangeError { code = 'E_PAPER'; }
       exports.fail = (x) => { if (x === 2) throw new PaperError('two'); return x; };`,
    );
    const fail = (x: number, path: string) =>
      process.getBuiltinModule('module').createRequire(path)(path).fail(x);
    const ofTwo = pool.map(fail, [1, 2, 3], Array(3).fill(file), { chunkSize });
    expect((await ofTwo.next()).value).toBe(1);
    const error = await rejectionOf(ofTwo.next());
    const expected = await rejectionOf(pool.submit(fail, 2, file));
    rmSync(folder, { recursive: true });
    expect(error).toMatchObject({ name: expected.name, message: 'two', code: 'E_PAPER' });
    expect(error).toBeInstanceOf(RangeError);
  });

  test('a result that the host cannot rebuild is an error of its item', async () => {
    const give = (x: number) => (x === 2 ? process.getBuiltinModule('fs').readFileSync : x);
    const error = await ofSecond(give);
    expect(error).toMatchObject({ name: 'SerializationError' });
    expect(error.message).toBe((await rejectionOf(pool.submit(give, 2))).message);
  });
});
