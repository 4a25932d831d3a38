/** Errors, results and messages of tasks that nobody can send: each is an error of its task, in a pool that breaks at the first death. */
import { describe, expect, test } from '@jest/globals';
import { pidOfWorker, poolOfAllTests, rejectionOf, square } from '../executor/pools.ts';

async function outcomeOf(promise: PromiseLike<unknown>): Promise<unknown> {
  return promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
}

describe('in a pool that breaks at the first death', () => {
  const executor = poolOfAllTests({ maxWorkers: 1, stdio: 'ignore' });

  test('process.send() in a task is an error of that task', async () => {
    const future = executor.submit(() => (process.send as (message: unknown) => boolean)(null));
    expect((await rejectionOf(future)).name).toBe('TypeError');
    expect(await executor.submit(square, 3)).toBe(9);
  });

  test('a task that asks for an IPC channel as programs do finds none', async () => {
    expect(await executor.submit(() => [typeof process.send, process.connected])).toEqual([
      'undefined',
      undefined,
    ]);
  });

  test.each([
    [
      'undefined',
      () => {
        throw undefined;
      },
      undefined,
    ],
    [
      'null',
      () => {
        throw null;
      },
      null,
    ],
    [
      'a string',
      () => {
        throw 'words';
      },
      'words',
    ],
    ['a number', () => Promise.reject(0), 0],
    [
      'a plain object',
      () => {
        throw { code: 7 };
      },
      { code: 7 },
    ],
  ])('throwing %s rejects with just that', async (_, task, thrown) => {
    expect(await outcomeOf(executor.submit(task as () => unknown))).toEqual({ error: thrown });
  });

  test.each([
    [
      'whose getters throw',
      () => {
        const error = new Error('first');
        for (const key of ['message', 'stack', 'name', 'cause', 'detail']) {
          Object.defineProperty(error, key, {
            enumerable: true,
            get() {
              throw new Error('hands off');
            },
          });
        }
        throw error;
      },
    ],
    [
      'whose getters throw what is no Error',
      () => {
        throw Object.defineProperty(new Error('first'), 'message', {
          get() {
            throw undefined;
          },
        });
      },
    ],
    [
      'whose class cannot be asked for its name',
      () => {
        const error = new Error('first');
        Object.setPrototypeOf(
          error,
          new Proxy(Error.prototype, {
            get() {
              throw new Error('hands off');
            },
          }),
        );
        throw error;
      },
    ],
    [
      'that is its own cause',
      () => {
        const error = new Error('first');
        throw Object.assign(error, { cause: error, errors: [error] });
      },
    ],
    [
      'that is a proxy',
      () => {
        throw new Proxy(new Error('first'), {
          ownKeys() {
            throw new Error('hands off');
          },
        });
      },
    ],
    [
      'with a socket, a function of native code and a promise',
      () => {
        const { Socket } = process.getBuiltinModule('node:net');
        throw Object.assign(new Error('first'), {
          socket: new Socket(),
          bound: square.bind(null),
          pending: Promise.resolve(),
        });
      },
    ],
    [
      'that was revoked',
      () => {
        const { proxy, revoke } = Proxy.revocable(new Error('first'), {});
        revoke();
        throw proxy;
      },
    ],
    [
      'with a toJSON and a toString that throw',
      () => {
        throw Object.assign(new Error('first'), {
          toJSON() {
            throw 1;
          },
          toString() {
            throw 2;
          },
        });
      },
    ],
    [
      'with ten thousand causes',
      () => {
        let error = new Error('first');
        for (let depth = 0; depth < 10_000; depth += 1) error = new Error('outer', { cause: error });
        throw error;
      },
    ],
  ])('throwing an error %s is an error of that task alone', async (_, task) => {
    const pid = await executor.submit(pidOfWorker);
    expect(await outcomeOf(executor.submit(task as () => unknown))).toHaveProperty('error');
    expect(await executor.submit(pidOfWorker)).toBe(pid);
  });

  test('an argument that cannot be sent, a result that cannot be sent, and a thenable that throws cost nothing else', async () => {
    const pid = await executor.submit(pidOfWorker);
    const bad = [
      executor.submit((value: unknown) => value, new WeakRef({})),
      executor.submit(() => new WeakMap()),
      executor.submit(() => ({
        // biome-ignore lint/suspicious/noThenProperty: it is what this test is about
        get then() {
          throw new Error('no then');
        },
      })),
      executor.submit(() => ({
        // biome-ignore lint/suspicious/noThenProperty: it is what this test is about
        then() {
          throw new Error('no then');
        },
      })),
    ];
    const names = (await Promise.all(bad.map(rejectionOf))).map(({ name }) => name);
    expect(names).toEqual(['SerializationError', 'SerializationError', 'Error', 'Error']);
    expect(await executor.submit(pidOfWorker)).toBe(pid);
  });

  test('a promise that is rejected twice, or after it was resolved, is settled once', async () => {
    const task = (): Promise<string> =>
      new Promise((resolve, reject) => {
        resolve('first');
        reject(new Error('second'));
        resolve('third');
      });
    expect(await executor.submit(task)).toBe('first');
  });
});
