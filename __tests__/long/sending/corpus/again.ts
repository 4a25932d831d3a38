/** Submitted again after something has changed: a task sees what is so at the time of its submit. */
// biome-ignore-all lint/complexity/noStaticOnlyClass: classes of every shape are sent
// biome-ignore-all lint/correctness/noInnerDeclarations: a var of a loop is one variable for all turns
// biome-ignore-all lint/correctness/noUnusedVariables: a parameter that is declared again counts as one
import { type Case, type Submit, same } from './case.ts';

function sees(
  name: string,
  expected: readonly unknown[],
  steps: (submit: Submit) => AsyncGenerator<unknown>,
): Case {
  return {
    name,
    async run(submit) {
      const seen: unknown[] = [];
      for await (const value of steps(submit)) seen.push(value);
      if (!same(seen, expected))
        throw new Error(`expected ${JSON.stringify(expected)}, got ${JSON.stringify(seen)}`);
    },
  };
}

let mode = 'none';
const readMode = (): string => mode;
const throughAnother = (): string => readMode();
const settings = { level: 0 };
const readLevel = (): number => settings.level;
const helpers = { help: (): number => 1 };
const useHelper = (): number => helpers.help();
class Config {
  static level = 0;
}
const readStatic = (): number => Config.level;
class Patched {
  method(): number {
    return 1;
  }
}
const usePatched = (): number => new Patched().method();
const named = (): string => named.name;
const holder = Object.assign((): number => holder.value, { value: 0 });
const useHolder = (): number => holder();
const counter = (() => {
  let count = 0;
  return { add: (): number => ++count, read: (): number => count };
})();

type Maker = new (value: number) => { value: number };
const Made = function (this: { value: number }, value: number) {
  this.value = value;
} as unknown as Maker;
const isMade = (value: unknown): boolean => value instanceof Made;
const Ancestor = function (this: { value: number }) {
  this.value = 0;
} as unknown as Maker;
const Heir = function (this: { value: number }, value: number) {
  this.value = value;
} as unknown as Maker;
Heir.prototype = Object.create(Ancestor.prototype) as object;
const ancestry = (value: unknown): boolean[] => [value instanceof Heir, value instanceof Ancestor];

const key = Symbol('key');
class Keyed {
  [key] = 1;
  get read(): number {
    return this[key];
  }
}

export const again: readonly Case[] = [
  sees('a local symbol, which is the same', [true, true], async function* (submit) {
    const keep = (): boolean => {
      const kept = globalThis as unknown as Record<string, unknown>;
      kept['lokySymbol'] ??= key;
      return kept['lokySymbol'] === key;
    };
    for (let turn = 0; turn < 2; turn++) yield await submit(keep);
  }),
  sees('what a class has under a local symbol', [1, 1, 1], async function* (submit) {
    for (let turn = 0; turn < 3; turn++) yield await submit((keyed: Keyed) => keyed[key], new Keyed());
  }),
  sees(
    'a local symbol that comes back, with what an instance has under it',
    [true, 1],
    async function* (submit) {
      yield (await submit(() => key)) === key;
      yield (await submit(() => new Keyed())).read;
    },
  ),
  sees('that an instance of a function is one', [true, true, true, true], async function* (submit) {
    for (let turn = 0; turn < 4; turn++) yield await submit(isMade, new Made(turn));
  }),
  sees(
    'an instance whose prototype object is not that of a class',
    [1, 2, 3].map(() => [true, true]),
    async function* (submit) {
      for (let turn = 0; turn < 3; turn++) yield await submit(ancestry, new Heir(turn));
    },
  ),
  sees('itself, when it is an argument', [true, true, true], async function* (submit) {
    const isSame = (fn: unknown): boolean => fn === isSame;
    for (let turn = 0; turn < 3; turn++) yield await submit(isSame, isSame);
  }),
  sees('a let, through another function', ['a', 'b', 'c'], async function* (submit) {
    for (const next of ['a', 'b', 'c']) {
      mode = next;
      yield await submit(throughAnother);
    }
  }),
  sees('what an object holds', [1, 2, 3], async function* (submit) {
    for (settings.level = 1; settings.level < 4; settings.level++) yield await submit(readLevel);
  }),
  sees('a function of an object', [1, 1, 2], async function* (submit) {
    yield await submit(useHelper);
    yield await submit(useHelper);
    helpers.help = () => 2;
    yield await submit(useHelper);
  }),
  sees('static fields', [1, 2, 3], async function* (submit) {
    for (Config.level = 1; Config.level < 4; Config.level++) yield await submit(readStatic);
  }),
  sees('a method that was replaced', [1, 2], async function* (submit) {
    yield await submit(usePatched);
    Patched.prototype.method = () => 2;
    yield await submit(usePatched);
  }),
  sees('the name of a function', [true, true, 'other'], async function* (submit) {
    yield (await submit(named)) === named.name;
    yield (await submit(named)) === named.name;
    Object.defineProperty(named, 'name', { value: 'other' });
    yield await submit(named);
  }),
  sees('a property of a function', [1, 2, 3], async function* (submit) {
    for (holder.value = 1; holder.value < 4; holder.value++) yield await submit(useHolder);
  }),
  sees('the state behind a closure', [1, 2, 3], async function* (submit) {
    for (let turn = 0; turn < 3; turn++) {
      counter.add();
      yield await submit(counter.read);
    }
  }),
  sees('a var of a loop', [1, 2, 3], async function* (submit) {
    for (let turn = 1; turn < 4; turn++) {
      var value = turn;
      yield await submit(read);
    }
    function read(): number {
      return value;
    }
  }),
  sees('a var that a loop declares', ['a', 'b', 'c'], async function* (submit) {
    for (var value of ['a', 'b', 'c']) yield await submit(read);
    function read(): string {
      return value;
    }
  }),
  sees('a parameter that is declared again', ['first', 'first', 'second'], async function* (submit) {
    const steps = async function* (value: string): AsyncGenerator<unknown> {
      const read = (): string => value;
      yield await submit(read);
      yield await submit(read);
      // biome-ignore lint/suspicious/noRedeclare: it is the parameter
      var value = 'second';
      yield await submit(read);
    };
    yield* steps('first');
  }),
  sees('a variable that another has hidden', [1, 1], async function* (submit) {
    const value = 1;
    const read = (): number => value;
    const other = (): number => {
      let value = 0;
      value += 5;
      return value;
    };
    yield await submit(read);
    other();
    yield await submit(read);
  }),
  sees('a variable that gets its value late', [undefined, 3], async function* (submit) {
    let value: number | undefined;
    const read = (): number | undefined => value;
    yield await submit(read);
    value = 3;
    yield await submit(read);
  }),
  sees('a variable of evaluated code', [1, 1, 2], async function* (submit) {
    const box = new Function('let z = 1; return { read: () => z, set: (v) => { z = v; } }')() as {
      read(): number;
      set(value: number): void;
    };
    yield await submit(box.read);
    yield await submit(box.read);
    box.set(2);
    yield await submit(box.read);
  }),
];
