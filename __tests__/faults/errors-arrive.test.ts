/** An error of a task always arrives as itself: class, name, message, and all that can be read of it. */
import assert from 'node:assert';
import { describe, expect, test } from '@jest/globals';
import { reportProgress } from 'loky';
import { poolOfAllTests } from '../executor/pools.ts';

const OMITTED = Symbol.for('loky.omitted');
type Thrown = Error & Record<string | symbol, unknown>;

class Known extends Error {
  override name = 'Known';
}
class Secretive extends Error {
  readonly #secret = 1;
  get secret(): number {
    return this.#secret;
  }
}
function toJSON(this: Error): object {
  return { message: this.message };
}

describe('an error of a task', () => {
  const pool = poolOfAllTests({ maxWorkers: 1 });
  const thrownBy = async (task: () => unknown): Promise<Thrown> =>
    pool.submit(task).then(
      () => Promise.reject(new Error('the task did not fail')),
      (error: unknown) => error as Thrown,
    );

  test.each([
    [
      'a method that the language calls',
      () => Object.assign(new RangeError('real'), { status: 400, toJSON }),
      'toJSON',
    ],
    [
      'a function of Node',
      () =>
        Object.assign(new RangeError('real'), {
          status: 400,
          retry: process.getBuiltinModule('fs').readFile,
        }),
      'retry',
    ],
    [
      'the process',
      () => Object.assign(new RangeError('real'), { status: 400, context: { process } }),
      'context.process',
    ],
    [
      'a function of its own',
      () => Object.assign(new RangeError('real'), { status: 400, fix: () => 1 }),
      'fix',
    ],
    [
      'a then',
      () =>
        Object.assign(Object.defineProperty(new RangeError('real'), 'then', { value: toJSON }), {
          status: 400,
        }),
      'then',
    ],
    [
      'a getter that throws',
      () =>
        Object.defineProperty(Object.assign(new RangeError('real'), { status: 400 }), 'bad', {
          enumerable: true,
          get() {
            throw new Error('no');
          },
        }),
      'bad',
    ],
    [
      'a proxy',
      () => {
        const { proxy, revoke } = Proxy.revocable({}, {});
        revoke();
        return Object.assign(new RangeError('real'), { status: 400, proxy });
      },
      'proxy',
    ],
    [
      'a promise in a Map',
      () =>
        Object.assign(new RangeError('real'), {
          status: 400,
          map: new Map<string, unknown>([
            ['kept', 1],
            ['lost', Promise.resolve()],
          ]),
        }),
      'map.get("lost")',
    ],
    [
      'a socket in a cause',
      () =>
        Object.assign(
          new RangeError('real', {
            cause: Object.assign(new TypeError('inner'), {
              socket: new (process.getBuiltinModule('net').Socket)(),
            }),
          }),
          { status: 400 },
        ),
      'cause.socket',
    ],
    [
      'a weak map in a list',
      () => Object.assign(new RangeError('real'), { status: 400, parts: [1, [new WeakMap(), 3]] }),
      'parts[1][0]',
    ],
    [
      'shared memory deep inside',
      () =>
        Object.assign(new RangeError('real'), {
          status: 400,
          a: { b: { c: [{ d: new SharedArrayBuffer(1), e: 1 }] } },
        }),
      'a.b.c[0].d',
    ],
  ])('that holds %s lacks that alone, and says so', async (_, make, path) => {
    // The error is made in the task, by a function that came with it.
    const error = await pool
      .submit(
        (f: () => Error) => {
          throw f();
        },
        make as () => Error,
      )
      .then(
        () => undefined,
        (thrown: unknown) => thrown as Thrown,
      );
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({ name: 'RangeError', message: 'real', status: 400, [OMITTED]: [path] });
    expect(Object.keys(error as object)).not.toContain(String(OMITTED));
    expect(error?.stack).toMatch(/^RangeError: real\n {4}at /);
  });

  test('keeps the branches beside what it lacks', async () => {
    const error = await thrownBy(() => {
      const response = {
        status: 429,
        body: { retry: 3 },
        request: new (process.getBuiltinModule('net').Socket)(),
        list: [1, () => 2, 3],
      };
      throw Object.assign(new Error('busy'), {
        response,
        when: new Date(5),
        map: new Map([['a', new Set([1])]]),
      });
    });
    expect(error['response']).toEqual({ status: 429, body: { retry: 3 }, list: [1, undefined, 3] });
    expect([error['when'], error['map']]).toEqual([new Date(5), new Map([['a', new Set([1])]])]);
    expect(error[OMITTED]).toEqual(['response.request', 'response.list[1]']);
  });

  test('has what its getters give', async () => {
    const error = await thrownBy(() => {
      throw Object.defineProperty(new RangeError('real'), 'body', {
        enumerable: true,
        get: () => ({ a: 1 }),
      });
    });
    expect(error['body']).toEqual({ a: 1 });
  });

  test('keeps its class where the host has it, also with private state', async () => {
    expect(
      await thrownBy(() => {
        throw Object.assign(new Known('k'), { bad: Promise.resolve(), code: 7 });
      }),
    ).toMatchObject({ name: 'Known', message: 'k', code: 7 });
    expect(
      await thrownBy(() => {
        throw new Known('k');
      }),
    ).toBeInstanceOf(Known);
    const secretive = await thrownBy(() => {
      throw new Secretive('s');
    });
    expect(secretive).toBeInstanceOf(Secretive);
    expect(secretive.message).toBe('s');
  });

  test('has the nearest class that the host has, with its own name and message', async () => {
    const named = await thrownBy(() => {
      class Base extends TypeError {
        get code(): string {
          return 'E';
        }
        override get name(): string {
          return 'Told';
        }
      }
      class Local extends Base {
        override get message(): string {
          return `computed ${this.issues.length}`;
        }
        issues = [1, 2];
      }
      throw new Local();
    });
    expect(named).toBeInstanceOf(TypeError);
    expect(named).toMatchObject({ name: 'Told', message: 'computed 2', issues: [1, 2] });
    const plain = await thrownBy(() => {
      class Local extends Known {}
      throw new Local('m');
    });
    expect(plain).toBeInstanceOf(Known);
    const unnamed = await thrownBy(() => {
      class Local extends RangeError {}
      throw new Local('m');
    });
    expect([unnamed.name, unnamed instanceof RangeError]).toEqual(['Local', true]);
    const exception = await thrownBy(() => {
      class Local extends DOMException {
        kind = 'local';
      }
      throw new Local('m', 'TimeoutError');
    });
    expect(exception).toBeInstanceOf(DOMException);
    expect(exception).toMatchObject({ name: 'TimeoutError', message: 'm', kind: 'local' });
  });

  test('is not replaced by what an accessor of a class of the host throws', async () => {
    class Unready extends Error {
      readonly #title = 'unready';
      override get name(): string {
        return this.#title;
      }
    }
    const error = await thrownBy(() => {
      class Local extends Unready {
        override get name(): string {
          return 'Local';
        }
      }
      throw new Local('m');
    });
    expect(error).toBeInstanceOf(Unready);
    expect([error.name, error.message]).toEqual(['Local', 'm']);
  });

  test('of Node is what it was', async () => {
    const failed = await thrownBy(() => process.getBuiltinModule('assert').strictEqual(1, 2));
    expect(failed).toBeInstanceOf(assert.AssertionError);
    expect(failed).toMatchObject({ code: 'ERR_ASSERTION', actual: 1, expected: 2, operator: 'strictEqual' });
    expect(await thrownBy(() => Buffer.alloc('x' as never))).toMatchObject({
      name: 'TypeError',
      code: 'ERR_INVALID_ARG_TYPE',
    });
    const aborted = await thrownBy(() => AbortSignal.abort().throwIfAborted());
    expect(aborted).toMatchObject({ name: 'AbortError', code: 20 });
    const many = await thrownBy(() => {
      throw new AggregateError(
        [new Error('a'), Object.assign(new Known('b'), { x: () => 1 }), Promise.resolve()],
        'all',
      );
    });
    expect(many['errors']).toMatchObject([{ message: 'a' }, { name: 'Known', message: 'b' }, undefined]);
    expect(many[OMITTED]).toEqual(['errors[2]', 'errors[1].x']);
  });

  test('may lead to itself, be very long, or hold very much', async () => {
    const circle = await thrownBy(() => {
      const e = new Error('c') as Thrown;
      e.cause = e;
      e['list'] = [e, () => 1];
      throw e;
    });
    expect(circle.cause).toBe(circle);
    const deep = await thrownBy(() => {
      let d: unknown = 1;
      for (let i = 0; i < 1e5; i++) d = { d };
      throw Object.assign(new Error('deep'), { d, code: 'E' });
    });
    expect(deep).toMatchObject({ message: 'deep', code: 'E' });
    const chain = await thrownBy(() => {
      let e = new Error('first');
      for (let i = 0; i < 10_000; i++) e = new Error('outer', { cause: e });
      throw e;
    });
    expect((chain.cause as Error).message).toBe('outer');
    const large = await thrownBy(() => {
      throw Object.assign(new Error('x'.repeat(1e6)), {
        data: Array.from({ length: 1e4 }, (_, i) => (i % 2 ? i : () => i)),
      });
    });
    expect(large.message).toHaveLength(1e6);
    expect(large[OMITTED]).toHaveLength(101);
  });

  test('that is no error keeps its fields', async () => {
    const failure = await thrownBy(() => {
      class Failure {
        message = 'disk full';
        code = 28;
        run(): void {}
      }
      throw new Failure();
    });
    expect(failure).toEqual({ message: 'disk full', code: 28 });
    const thrown = await thrownBy(() => {
      throw { status: 400, detail: 'bad input', pending: Promise.resolve() };
    });
    expect(thrown).toEqual({ status: 400, detail: 'bad input' });
    expect(thrown[OMITTED]).toEqual(['pending']);
    expect(
      await thrownBy(() => {
        throw new Proxy(Object.assign(new RangeError('behind'), { code: 'E' }), {});
      }),
    ).toMatchObject({ name: 'RangeError', message: 'behind', code: 'E' });
    expect(
      (
        await thrownBy(() => {
          throw new WeakMap();
        })
      ).message,
    ).toMatch(/threw a value that cannot be sent: it is a WeakMap/);
  });

  test('inside a result or a report is degraded as well, and nothing else of it', async () => {
    const results = await pool.submit(() =>
      Promise.allSettled([Promise.reject(Object.assign(new Error('m'), { fix: () => 1, code: 5 }))]),
    );
    expect(results).toMatchObject([
      { status: 'rejected', reason: { message: 'm', code: 5, [OMITTED]: ['fix'] } },
    ]);
    const refused = await thrownBy(() => ({ error: new Error('m'), fix: () => 1 }));
    expect(refused).toMatchObject({
      code: 'ERR_SERIALIZATION',
      message: expect.stringContaining('result.fix is a function'),
    });
    const shared = await thrownBy(() => {
      const data = { kept: 1, bad: () => 1 };
      return [Object.assign(new Error('m'), { data }), data];
    });
    expect(shared).toMatchObject({ code: 'ERR_SERIALIZATION' });
    const reports: unknown[] = [];
    await pool
      .submit(() => reportProgress({ failed: Object.assign(new RangeError('r'), { fix: () => 1 }) }))
      .onProgress((value) => reports.push(value));
    expect(reports).toMatchObject([{ failed: { name: 'RangeError', message: 'r' } }]);
  });
});

describe('instances of classes that the host does not have', () => {
  const refusing = poolOfAllTests({ maxWorkers: 1 });
  const taking = poolOfAllTests({ maxWorkers: 1, unknownClasses: 'plain' });
  const make = (): unknown => {
    class Suite {
      title = 's';
      tests = [new Test('t')];
      run(): void {}
    }
    class Test {
      readonly title: string;
      constructor(title: string) {
        this.title = title;
      }
    }
    class Cases extends Map<string, unknown> {
      extra = 1;
    }
    return { suite: new Suite(), cases: new Cases([['a', new Suite()]]), at: new Date(1) };
  };

  test('are refused, with the option that takes them', async () => {
    const error = await refusing.submit(make).exception();
    expect(error?.message).toMatch(
      /result\.suite → class Suite is a class that the host does not know.*\n.*unknownClasses: "plain"/,
    );
  });

  test('arrive as their data by that option', async () => {
    const { suite, cases, at } = (await taking.submit(make)) as {
      suite: object;
      cases: Map<string, unknown> & { extra: number };
      at: Date;
    };
    expect(suite).toEqual({ title: 's', tests: [{ title: 't' }] });
    expect(Object.getPrototypeOf(suite)).toBe(Object.prototype);
    expect([cases instanceof Map, cases.get('a'), cases.extra, at]).toEqual([true, suite, 1, new Date(1)]);
    const refused = await taking.submit(() => ({ data: 1, pending: Promise.resolve() })).exception();
    expect(refused?.message).toMatch(/result\.pending is a Promise/);
  });
});
