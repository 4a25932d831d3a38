/** Functions of one message that share a variable which one of them assigns. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { buildLibrary, type Library } from './harness/library.ts';

let library: Library;
beforeAll(() => {
  library = buildLibrary();
});
afterAll(() => library.remove());

const START = `
  const { submit, stop } = startPool(new URL(import.meta.resolve('library/worker')).pathname);
  /** Each task gives what it gives here: here it runs last, as it changes what it uses. */
  const same = async (name, fn, ...args) => {
    const [there] = await Promise.allSettled([submit(fn, ...args)]);
    const here = await fn(...args);
    const isSame = there.status === 'fulfilled' && JSON.stringify(there.value) === JSON.stringify(here);
    if (!isSame) console.log(name, JSON.stringify(there.value ?? there.reason.message), JSON.stringify(here));
  };
  const refused = (fn, ...args) => submit(fn, ...args).then((value) => console.log('sent', value), ({ message }) => console.log(message));
`;

const says = (body: string, files: Readonly<Record<string, string>> = {}, imports = ''): Promise<string> =>
  library.run({
    'main.mjs': `import { startPool } from 'library';\n${imports}\n${START}\n${body}\nawait stop();`,
    ...files,
  });

describe('a variable that one of its functions assigns', () => {
  test('is one variable in the task, whichever way its functions get there', async () => {
    const body = `
      let total = 0; const add = (n) => { total += n; }; const get = () => total;
      await same('captured', (list) => { list.forEach(add); return get(); }, [1, 2, 3]);
      await same('arguments', (put, read) => { put(4); put(5); return read(); }, add, get);
      await same('one captured, one an argument', (read) => { add(1); return read(); }, get);
      await same('the task itself', (read) => { total += 7; return read(); }, get);
      function Stack() { const items = []; let size = 0; this.push = (item) => { items.push(item); size += 1; }; this.size = () => size; }
      await same('methods', (stack) => { stack.push(1); return stack.size(); }, new Stack());
      await same('two stacks', (a, b) => { a.push(1); b.push(1); b.push(2); return [a.size(), b.size()]; }, new Stack(), new Stack());
      const last = ((fn) => { let value; return Object.assign((x) => { value = fn(x); return value; }, { last: () => value }); })((x) => x * 2);
      await same('a function and its property', (fn) => { fn(4); return fn.last(); }, last);
      let heard = 0; const emitter = new EventEmitter(); emitter.on('a', () => { heard += 1; }); const count = () => heard;
      await same('a listener', (source) => { source.emit('a'); source.emit('a'); return count(); }, emitter);
      let made = 0; class Item { constructor() { this.id = ++made; } static get made() { return made; } }
      await same('a class and a function', (C) => { new C(); new C(); return [new C().id, C.made, made]; }, Item);
      let state = { a: 1 }; const set = (next) => { ({ state = next } = {}); ({ state } = { state }); }; const read = () => ({ state });
      await same('destructured and in shorthand', (x) => { set(x); return read(); }, { b: 2 });
      let step = () => 1; const replace = () => { step = () => 2; }; const run = () => [step(), step?.(), typeof step];
      await same('called', () => { const before = run(); replace(); return [before, run()]; });
      let self; const tie = () => { self = [tie, untie]; return self; }; const untie = () => self && self[0] === tie && self[1] === untie; self = [tie];
      await same('a cycle through the variable', () => [untie(), tie().length, untie()]);
      const fixed = 1; await same('a constant', () => { try { fixed = 2; } catch (error) { return [error.name, fixed]; } return fixed; });
      let index = 0; const each = (list) => { for (index of list); for (index in { z: 1 }); return index; }; const at = () => index;
      await same('a loop variable', () => [each([1, 2]), at()]);
      const lazily = (() => { let value; return { get value() { return (value ??= { n: 1 }); }, set value(x) { value = x; } }; })();
      await same('accessors', (o) => { const first = o.value; first.n = 2; const second = o.value.n; o.value = 5; return [second, o.value]; }, lazily);
      const once = (fn) => { let done = false; let result; return Object.assign(() => { if (!done) { done = true; result = fn(); } return result; }, { isDone: () => done }); };
      const [one, two] = [once(() => 1), once(() => 2)];
      await same('two of one factory, both new', (a, b) => [a.isDone(), a(), a.isDone(), b.isDone(), b(), b.isDone()], one, two);
    `;
    expect(await says(body, {}, "import { EventEmitter } from 'node:events';")).toBe('');
  });

  test('is another one for each call of the function around it', async () => {
    const body = `
      const counter = () => { let n = 0; return { inc: () => ++n, get: () => n }; };
      const [a, b] = [counter(), counter()];
      await same('objects', () => [a.inc(), a.inc(), b.inc(), a.get(), b.get()]);
      const [c, d] = [counter(), counter()];
      await same('in arguments', (list) => [list[0].inc(), list[0].inc(), list[1].inc(), list[0].get(), list[1].get()], [c, d]);
      const pair = (start) => { let n = start; return [() => n, (x) => { n = x; }]; };
      const pairs = [pair(0), pair(0), pair(1)];
      await same('lists', (list) => { list[0][1](5); return list.map(([get]) => get()); }, pairs);
      const tick = () => { let n = 0; return () => ++n; };
      const ticks = [tick(), tick()];
      await same('single functions', (list) => [list[0](), list[0](), list[1]()], ticks);
      const perTurn = []; for (let i = 0; i < 2; i++) { let n = 0; perTurn.push({ inc: () => ++n, get: () => n }); }
      await same('turns of a loop', (list) => [list[0].inc(), list[1].get(), list[0].get()], perTurn);
      const group = () => { const log = []; let n = 0; return [1, 2].map((k) => () => { log.push(k); n += k; return n; }); };
      const groups = [group(), group()];
      await same('several of one piece of code, told apart by an object', ([x, y]) => [x[0](), x[1](), y[0](), y[1]()], groups);
    `;
    expect(await says(body)).toBe('');
  });

  test('is one variable for all calls of a function of the file', async () => {
    const body = `
      let next = 0; const make = (name) => { let uses = 0; return { use: () => { uses += 1; return name + next++; }, uses: () => uses }; };
      const [a, b] = [make('a'), make('b')];
      await same('ids', () => [a.use(), b.use(), a.use(), a.uses(), b.uses()]);
    `;
    expect(await says(body)).toBe('');
  });

  test('is refused where nothing tells which functions share it', async () => {
    const body = `
      const counter = () => { let n = 0; return { inc: () => ++n, get: () => n }; };
      const { inc, get } = counter(); const { inc: inc2, get: get2 } = counter();
      await refused(() => [inc(), get(), inc2(), get2()]);
      const group = () => { let n = 0; return [1, 2].map((k) => () => { n += k; return n; }); };
      await refused((list) => list.map((fn) => fn()), [...group(), ...group()]);
      const makers = () => { let n = 0; return (name) => ({ use: () => name + ++n }); };
      const make = makers(); const [ada, bob] = [make('a'), make('b')];
      await refused(() => [ada.use(), bob.use()]);
      const turns = () => { let n = 0; const list = []; for (const k of [1, 2]) list.push({ add: () => { n += k; return n; } }); return list; };
      await refused((list) => list.map(({ add }) => add()), turns());
    `;
    const hint = 'keep it in an object: const state = { n }';
    const said = await says(body);
    expect(
      said.match(
        /closure variable `n` is assigned by a function, and it is unknown which other functions share it/g,
      ),
    ).toHaveLength(4);
    expect(said).toContain(`  hint: ${hint}`);
  });

  test('is one variable in CommonJS and in code that has no file', async () => {
    const body = `
      await same('CommonJS', (put, read) => { put(4); put(5); return read(); }, cjs.add, cjs.get);
      await same('members', (o) => { o.add(4); return o.get(); }, { ...cjs });
      const { add, get } = new Function('n', 'return { add: (x) => { n += x; }, get: () => n };')(1);
      await same('new Function', (put, read) => { put(4); return read(); }, add, get);
    `;
    const files = {
      'state.cjs': 'let n = 0;\nmodule.exports = { add: (x) => { n += x; }, get: () => n };',
    };
    const imports =
      "import { registerByValue } from 'library';\nimport cjs from './state.cjs';\nregisterByValue(new URL('./state.cjs', import.meta.url));";
    expect(await says(body, files, imports)).toBe('');
  });

  test('a class that shared it once stays the same class', async () => {
    const body = `
      let made = 0; class Item { constructor() { this.id = ++made; } }
      const keep = (C) => { globalThis.kept ??= new C(); return globalThis.kept instanceof C; };
      await submit((C) => { new C(); return made; }, Item);
      console.log(await submit(keep, Item), await submit((C) => { new C(); return globalThis.kept instanceof C && made; }, Item), await submit(keep, Item));
    `;
    expect(await says(body)).toBe('true 1 true');
  });
});
