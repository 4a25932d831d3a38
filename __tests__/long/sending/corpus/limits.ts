/** The limits that the page on sending states, as it states them. */
// biome-ignore-all lint/complexity/noStaticOnlyClass: classes of every shape are sent
import { type Case, gives, refuses, type Submit, same } from './case.ts';

const limit = (name: string, expected: unknown, run: (submit: Submit) => Promise<unknown>): Case => ({
  name,
  async run(submit) {
    const got = await run(submit);
    if (!same(got, expected))
      throw new Error(`expected ${JSON.stringify(expected)}, got ${JSON.stringify(got)}`);
  },
});

const shared = globalThis as unknown as Record<string, unknown>;

let count = 0;
const increment = (): number => ++count;
const read = (): number => count;
class Kept {
  static #turns = 0;
  static turn(): number {
    return ++Kept.#turns;
  }
}
class Started {
  static {
    const runs = (globalThis as unknown as Record<string, number>)['lokyStarted'] ?? 0;
    (globalThis as unknown as Record<string, number>)['lokyStarted'] = runs + 1;
  }
}
class StartedInPrivate {
  static #runs: number;
  static {
    StartedInPrivate.#runs = ((globalThis as unknown as Record<string, number>)['lokyStarted'] ?? 0) + 1;
    (globalThis as unknown as Record<string, number>)['lokyStarted'] = StartedInPrivate.#runs;
  }
}
class Holder {
  value: number;
  get = (): number => this.value;
  constructor(value: number) {
    this.value = value;
  }
}
class Shrunk {
  static extra: number | undefined = 1;
  stays(): number {
    return 1;
  }
}
const frozen = Object.freeze([1]);
const memory = new ArrayBuffer(4);
const views = [new Uint8Array(memory), new Uint8Array(memory)] as const;
const remembering = function self(): number {
  const kept = self as { turns?: number };
  kept.turns = (kept.turns ?? 0) + 1;
  return kept.turns;
};
const [major = 0] = process.versions.node.split('.').map(Number);
const id = <T>(x: T): T => x;
const nested = (depth: number): unknown => {
  let value: unknown = 0;
  for (let level = 0; level < depth; level++) value = [value];
  return value;
};
const missing = (_: string): undefined => undefined;
const failing = (): ((o: { a?: { b: number } }) => unknown) => (o) => (o.a as { b: number }).b;
const failingToo = (): ((o: { a?: { b: number } }) => unknown) => (o) => (o.a as { b: number }).b;
const frameOf = async (task: PromiseLike<unknown>): Promise<string | undefined> => {
  try {
    await task;
    return undefined;
  } catch (error) {
    return /^\s+at .*/m.exec(String((error as Error).stack))?.[0];
  }
};

export const limits: readonly Case[] = [
  limit('nothing is written back', 0, async (submit) => {
    await submit(increment);
    return count;
  }),
  gives('two functions that share a variable share it in the task', [1, 1], () => [increment(), read()]),
  limit(
    'a static block runs again in the worker only beside private static fields',
    [2, true],
    async (submit) => {
      const there = await submit(() => {
        const global = globalThis as unknown as Record<string, number>;
        delete global['lokyStarted'];
        const isPublic = new Started() instanceof Started && !('lokyStarted' in global);
        return isPublic && new StartedInPrivate() instanceof StartedInPrivate;
      });
      return [shared['lokyStarted'], there];
    },
  ),
  limit('what a task gives to a function that is kept in the worker stays', true, async (submit) => {
    let last = 0;
    for (let turn = 0; turn < 5; turn++) last = await submit(remembering);
    return last > 1;
  }),
  limit('arrows of the same text and name show the place of the first', true, async (submit) => {
    const first = await frameOf(submit(failing(), {}));
    const second = await frameOf(submit(failingToo(), {}));
    return first !== undefined && first === second;
  }),
  limit('a class by value that is sent again is the same class', [true, true], async (submit) => {
    const keep = (): boolean => {
      const kept = globalThis as unknown as Record<string, unknown>;
      kept['lokyClass'] ??= Kept;
      return kept['lokyClass'] === Kept;
    };
    return [await submit(keep), await submit(keep)];
  }),
  limit('private static fields start from their initial value', 1, async (submit) => {
    Kept.turn();
    Kept.turn();
    class Fresh {
      static #turns = 0;
      static turn(): number {
        return ++Fresh.#turns;
      }
    }
    Fresh.turn();
    return submit(() => Fresh.turn());
  }),
  gives('what was frozen is frozen', true, () => Object.isFrozen(frozen)),
  gives('two views of one buffer do not share memory', 0, () => {
    views[0][0] = 7;
    return views[1][0] as number;
  }),
  gives(
    'a view has no properties of its own',
    undefined,
    (v: Uint8Array) => (v as { extra?: number }).extra,
    Object.assign(new Uint8Array(1), { extra: 1 }),
  ),
  limit('what was put into process.env since the start is not carried', undefined, async (submit) => {
    try {
      await submit(id, 0);
      process.env['LOKY_CORPUS_LATER'] = '1';
      return await submit(() => process.env['LOKY_CORPUS_LATER']);
    } finally {
      delete process.env['LOKY_CORPUS_LATER'];
    }
  }),
  limit('an arrow of a class field takes the object that holds it for its this', [2, 1], async (submit) => {
    const one = new Holder(1);
    one.get = new Holder(2).get;
    return [one.get(), await submit((holder: Holder) => holder.get(), one)];
  }),
  limit('what was deleted from a class is there again in a worker that has it', [1, 1], async (submit) => {
    const look = (): unknown => Shrunk.extra;
    const before = await submit(look);
    Reflect.deleteProperty(Shrunk, 'extra');
    return [before, await submit(look)];
  }),
  limit('what the program has changed in built-in objects is not carried', 'function', async (submit) => {
    const { hypot } = Math;
    Math.hypot = () => -1;
    try {
      return await submit(() =>
        typeof Math.hypot(3, 4) === 'number' && Math.hypot(3, 4) === 5 ? 'function' : 'changed',
      );
    } finally {
      Math.hypot = hypot;
    }
  }),
  limit(
    'a global of the program is found by its name, not as a property of globalThis',
    [1, undefined],
    async (submit) => {
      shared['lokyGlobal'] = 1;
      try {
        const byName = new Function('return lokyGlobal') as () => unknown;
        return [
          await submit(byName),
          await submit(() => (globalThis as unknown as Record<string, unknown>)['lokyGlobal']),
        ];
      } finally {
        delete shared['lokyGlobal'];
      }
    },
  ),
  refuses('data that is nested too deeply', /nested too deeply/, () => [id, nested(50_000)]),
  limit(
    'a variable before its declaration, which may be undefined',
    major < 22 ? 'undefined' : 'refused',
    async (submit) => {
      const use = (): unknown => typeof late;
      let seen: unknown;
      try {
        seen = await submit(use);
      } catch {
        seen = 'refused';
      }
      const late = missing('x');
      return seen === 'refused' || late === undefined ? seen : late;
    },
  ),
];
