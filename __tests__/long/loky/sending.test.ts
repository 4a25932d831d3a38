/** What loky checks of pickling, with real workers: errors that inform, serializers by name, code that was redefined. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { getLokySerializer, type ProcessPoolExecutor, type SerializerName, setLokySerializer } from 'loky';
import { rejectionOf, square } from '../../executor/pools.ts';
import { checkedPools } from './checked-pools.ts';

const { newPool } = checkedPools();
const HOOK = Symbol.for('loky.reduce');
const keep = <T>(value: T): T => value;

const acts = {
  'a RangeError': () => {
    throw new RangeError('as it was told');
  },
  'a symbol': () => {
    throw Symbol('as it was told');
  },
  'an object that has no text': () => {
    throw Object.create(null);
  },
  'an object whose text throws': () => {
    throw {
      toString() {
        throw 1;
      },
    };
  },
  'an error whose message throws': () => {
    throw Object.defineProperty(new Error(), 'message', {
      get() {
        throw 1;
      },
    });
  },
} satisfies Record<string, () => never>;
type ActName = keyof typeof acts;

class Result {
  readonly act: ActName;
  constructor(act: ActName) {
    this.act = act;
  }
}
const resultReducers = {
  result: {
    test: (value: unknown) => value instanceof Result,
    reduce: ({ act }: Result) => act,
    rebuild: (act: ActName) => acts[act](),
  },
};

const stages: Record<string, (executor: ProcessPoolExecutor, act: ActName) => PromiseLike<unknown>> = {
  'encodes an argument': (executor, act) => executor.submit(keep, { [HOOK]: acts[act] }),
  'rebuilds an argument': (executor, act) => executor.submit(keep, { [HOOK]: () => [acts[act]] }),
  'encodes a result': (executor, act) => {
    const misbehave = acts[act];
    return executor.submit(() => ({ [Symbol.for('loky.reduce')]: misbehave }));
  },
  'rebuilds a result': (executor, act) => executor.submit((name: ActName) => new Result(name), act),
};

describe.each(Object.keys(stages))('code that %s', (stage) => {
  test.each(Object.keys(acts) as ActName[])(
    'and throws %s fails its task, which is told why',
    async (act) => {
      const executor = newPool({ maxWorkers: 1, resultReducers });
      const error = await rejectionOf(stages[stage]?.(executor, act) as PromiseLike<unknown>);
      expect(error).toMatchObject({ name: 'SerializationError', code: 'ERR_SERIALIZATION' });
      expect(error.message).toMatch(/^(?:a RangeError|a symbol)$/.test(act) ? /as it was told/ : /no text/);
      expect(error.message).not.toContain('nested too deeply');
      if (act === 'a RangeError') expect(error.cause).toMatchObject({ name: 'RangeError' });
    },
  );
});

describe('the serializer', () => {
  afterEach(() => setLokySerializer('auto'));

  test.each<SerializerName>(['auto', 'devalue', 'v8'])(
    '%s is that of both ends once it was set',
    async (name) => {
      expect(getLokySerializer()).toBe('auto');
      setLokySerializer(name);
      expect(getLokySerializer()).toBe(name);
      const executor = newPool({ maxWorkers: 1 });
      expect(await executor.submit(keep, { n: 42, list: [1, new Date(0)] })).toEqual({
        n: 42,
        list: [1, new Date(0)],
      });
      const graph = executor.submit((fn: (x: number) => number) => fn(3), square);
      if (name === 'v8') expect((await rejectionOf(graph)).message).toContain('"v8"');
      else expect(await graph).toBe(9);
    },
  );

  test('is that of LOKY_SERIALIZER where none was set', async () => {
    const executor = newPool({ maxWorkers: 1, env: { LOKY_SERIALIZER: 'devalue' } });
    const { packageUrl } = await import('../../executor/host-script.ts');
    const there = await executor.submit(async (url: string) => {
      const loky = (await import(url)) as typeof import('loky');
      return loky.getLokySerializer();
    }, packageUrl);
    expect(there).toBe('devalue');
  });

  test('that is unknown is refused, and the one before stays', () => {
    setLokySerializer('devalue');
    expect(() => setLokySerializer('no_module' as never)).toThrow(/got "no_module"/);
    expect(() => setLokySerializer(undefined as never)).toThrow(TypeError);
    expect(getLokySerializer()).toBe('devalue');
  });
});

describe('one worker that gets the same names with other code', () => {
  test('runs what an inner function is now, not what it was', async () => {
    const executor = newPool({ maxWorkers: 1 });
    let inner = (x: number): number => -x;
    const outer = (x: number): number => inner(x);
    expect([await executor.submit(outer, 1), outer(1)]).toEqual([-1, -1]);
    inner = (x: number): number => x;
    expect([await executor.submit(outer, 1), outer(1)]).toEqual([1, 1]);
  });

  test('keeps recursive functions of one factory apart', async () => {
    const executor = newPool({ maxWorkers: 1 });
    const counterFrom = (seed: number): ((x: number) => number) => {
      const count = (x: number): number => (x <= 0 ? seed : count(x - 1) + 1);
      return count;
    };
    const [fromZero, fromOne] = [counterFrom(0), counterFrom(1)];
    expect(await executor.submit(fromZero, 5)).toBe(5);
    expect(await executor.submit(fromOne, 5)).toBe(6);
    expect(await executor.submit(fromZero, 5)).toBe(5);
  });
});
