/** Sending in programs of their own: compiled CommonJS, no inspector, no source text. */

import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { buildLibrary, type Library } from './harness/library.ts';

let library: Library;
beforeAll(() => {
  library = buildLibrary();
});
afterAll(() => library.remove());

/** A program that submits and prints. It may use `submit` and `say`. */
const program = (body: string, imports = ''): string => `${imports}
import { startPool } from 'library';
const { submit, stop } = startPool(new URL(import.meta.resolve('library/worker')).pathname);
const say = (value) => console.log(JSON.stringify(value));
${body}
await stop();
`;

/** A program that prints what a submit would say, without a second process. */
const prepares = (body: string, imports = ''): string => `${imports}
import { createSender } from 'library';
const sender = createSender();
const tell = (fn, ...args) => {
  try {
    sender.prepareCall(fn, args);
    console.log('sent');
  } catch ({ code, message }) {
    console.log(code, message);
  }
};
${body}
`;

const [major = 0] = process.versions.node.split('.').map(Number);
const permission = [
  major < 22 ? '--experimental-permission' : '--permission',
  '--allow-fs-read=*',
  '--no-warnings',
];

describe('exports that a compiler has put behind getters', () => {
  const compiled = `
    Object.defineProperty(exports, '__esModule', { value: true });
    class Point { constructor(x) { this.x = x; } }
    Object.defineProperty(exports, 'Point', { enumerable: true, get: () => Point });
    exports.make = (x) => new Point(x);
  `;
  const host = program(
    `const point = await submit(shapes.make, 3); say([point instanceof shapes.Point, point.x]);`,
    `import shapes from './shapes.cjs';`,
  );

  test('are found for an instance that comes back', async () => {
    expect(await library.run({ 'main.mjs': host, 'shapes.cjs': compiled })).toBe('[true,3]');
  });

  test('are not called if they do more than to read a variable', async () => {
    const lazy = compiled.replace('get: () => Point', 'get: () => { loaded(); return Point; }');
    const main = `${host.slice(0, host.indexOf('const point'))}
      globalThis.loaded = () => console.log('called');
      const { constructor, x } = await submit(shapes.make, 3); say([constructor.name, x]);
      await stop();`;
    expect(await library.run({ 'main.mjs': main, 'shapes.cjs': lazy })).toBe('["Point",3]');
  });
});

describe('where the inspector may not be used', () => {
  const way =
    /^ERR_SERIALIZATION .* uses `factor`, which cannot be read: this process may not use the inspector .*\n {2}hint: pass `factor` as an argument, export the function from a CommonJS module, or start Node\.js with/;

  test('a function that uses a variable is refused at its submit, with the option and the way out', async () => {
    const body = 'const factor = 2; tell((x) => x * factor, 1); tell((x) => x, () => factor);';
    const [first = '', hint = '', second = '', ...rest] = (
      await library.run({ 'main.mjs': prepares(body) }, permission)
    ).split('\n');
    expect(`${first}\n${hint}`).toMatch(way);
    expect(hint).toContain(
      process.allowedNodeEnvironmentFlags.has('--allow-inspector')
        ? 'with --allow-inspector'
        : 'without --permission',
    );
    expect(second).toMatch(/argument 0 uses `factor`/);
    expect(rest.length).toBe(1);
  });

  test('functions of their arguments, classes, globals and exports of CommonJS modules are sent', async () => {
    const body = `
      tell((x) => Math.max(x, 2), 1);
      tell(function f(n) { return n > 0 ? f(n - 1) : 0; }, 3);
      tell((C) => new C().m(), class { m() { return 1; } });
      tell(shapes.twice, 1);
    `;
    const cjs = 'const two = 2; exports.twice = (x) => x * two;';
    const files = { 'main.mjs': prepares(body, "import shapes from './s.cjs';"), 's.cjs': cjs };
    expect(await library.run(files, permission)).toBe('sent\nsent\nsent\nsent');
  });

  test('bound functions and import.meta are refused', async () => {
    const body = 'tell(((x) => x).bind(null, 1)); tell(() => import.meta.url);';
    const said = await library.run({ 'main.mjs': prepares(body) }, permission);
    expect(said).toMatch(/is a native or a bound function/);
    expect(said).toMatch(/uses `import\.meta`, which cannot be read/);
  });
});

describe('code without its source text', () => {
  test('cannot go by value', async () => {
    const body = `
      v8.setFlagsFromString('--no-lazy');
      v8.setFlagsFromString('--no-flush-bytecode');
      const source = '(x) => { const y = x + 1; return y; }';
      const cachedData = new vm.Script(source).createCachedData();
      const script = new vm.Script(' '.repeat(source.length), { cachedData });
      const fn = script.runInThisContext();
      console.log(script.cachedDataRejected, fn(1));
      tell(fn, 1);
    `;
    const imports = "import v8 from 'node:v8';\nimport vm from 'node:vm';";
    const said = await library.run({ 'main.mjs': prepares(body, imports) });
    expect(said).toMatch(/^false 2\nERR_SERIALIZATION .* could not be parsed/);
  });
});

describe('functions that a coverage tool has instrumented', () => {
  test('go by value, and what they count stays in the worker', async () => {
    const { createInstrumenter } = createRequire(import.meta.url)('istanbul-lib-instrument') as {
      createInstrumenter(options: object): { instrumentSync(code: string, file: string): string };
    };
    const text = createInstrumenter({ esModules: true }).instrumentSync(
      'const k = 2; export const give = () => (x) => x * k;',
      'm.mjs',
    );
    const body = 'try { say(await submit(m.give(), 4)); } catch (error) { say(String(error)); }';
    expect(
      await library.run({ 'main.mjs': program(body, "import * as m from './m.mjs';"), 'm.mjs': text }),
    ).toBe('8');
  });
});

describe('a module namespace', () => {
  test('of other files is refused as an argument, and used inside a function', async () => {
    const body = `
      await submit((m) => m, barrel).catch(({ message }) => say(message.split('\\n')[0]));
      say(await submit(() => barrel.one()));
      say(await submit((m) => m.one(), leaf));
    `;
    const files = {
      'main.mjs': program(
        body,
        "import * as barrel from './barrel.mjs';\nimport * as leaf from './leaf.mjs';",
      ),
      'barrel.mjs': "export * from './leaf.mjs';\nexport * from './other.mjs';",
      'other.mjs': 'export const two = () => 2;',
      'leaf.mjs': 'export const one = () => 1;',
    };
    const refused = 'cannot send the task: argument 0 is a module namespace whose file is not known';
    expect(await library.run(files)).toBe(`${JSON.stringify(refused)}\n1\n1`);
  });
});

describe('a namespace of a module of Node', () => {
  test('is sent by its name, and comes back', async () => {
    const body =
      'say(await submit((p) => p.join("a", "b"), path)); say((await submit((p) => p, path)) === path);';
    const imports = "import * as path from 'node:path';";
    expect(await library.run({ 'main.mjs': program(body, imports) })).toBe('"a/b"\ntrue');
  });
});

describe('a function of a CommonJS module that requires', () => {
  test('is sent again and again', async () => {
    const body = 'for (let i = 0; i < 3; i++) say(await submit(cjs.give()));';
    const files = {
      'main.mjs': program(body, "import cjs from './m.cjs';"),
      'm.cjs': "exports.give = () => own;\nconst own = () => require('node:path').basename(__filename);",
    };
    expect(await library.run(files)).toBe(Array(3).fill('"m.cjs"').join('\n'));
  });
});

describe('a class that was collected in a worker', () => {
  test('and has come again before that was noticed is the same class from then on', async () => {
    const body = `
      class Base {}
      const receiver = await createReceiver(sender.settings());
      const told = new Set();
      const arrived = () => {
        const call = sender.prepareCall((C) => C, [Base]);
        for (const { id, payload } of call.definitions) if (!told.has(id)) receiver.define(id, payload);
        for (const { id } of call.definitions) told.add(id);
        return receiver.decodeCall(call.encode()).args[0];
      };
      const turn = () => new Promise(setImmediate);
      const first = new WeakRef(arrived());
      await turn();
      gc();
      const second = arrived();
      const wasCollected = first.deref() === undefined;
      for (let turns = 0; turns < 3; turns++) await turn();
      console.log(wasCollected, arrived() === second);
    `;
    const main = prepares(body).replace('{ createSender }', '{ createReceiver, createSender }');
    expect(await library.run({ 'main.mjs': main }, ['--expose-gc'])).toBe('true true');
  });
});

describe('modules of the same text', () => {
  test('are told apart, and what they import is their own', async () => {
    const text =
      "import { name } from './name.mjs';\nexport const tell = () => name;\nconst hidden = () => name;\nexport const give = () => hidden;\n";
    const body =
      'say([await submit(a.tell), await submit(b.tell), await submit(a.give()), await submit(b.give())]);';
    const files = {
      'main.mjs': program(body, "import * as a from './a/m.mjs';\nimport * as b from './b/m.mjs';"),
      'a/m.mjs': text,
      'b/m.mjs': text,
      'a/name.mjs': "export const name = 'a';",
      'b/name.mjs': "export const name = 'b';",
    };
    expect(await library.run(files)).toBe('["a","b","a","b"]');
  });

  test('a module that was loaded under a query keeps it', async () => {
    const body = 'say((await submit(m.where)).endsWith("?v=2"));';
    const files = {
      'main.mjs': program(body, "import * as m from './m.mjs?v=2';"),
      'm.mjs': 'const url = () => import.meta.url;\nexport const where = () => url();\n',
    };
    expect(await library.run(files)).toBe('true');
  });
});

describe('a function that a CommonJS module exports under its name', () => {
  /** How each goes, and whether the inspector was opened for it. */
  const body = `
    const text = (bytes) => Buffer.from(bytes).toString('latin1');
    for (const fn of functions) {
      const sent = sender.prepareCall(fn, [1]).definitions.map(({ payload }) => text(payload.body)).join();
      const named = ['barrel.cjs', 'own.cjs', 'made.cjs'].find((file) => sent.includes(file));
      const way = sent.includes('return') ? 'by value' : named;
      console.log(way, process.moduleLoadList.includes('NativeModule inspector'));
    }`;
  const files = {
    'barrel.cjs': "Object.assign(exports, require('./own.cjs'));",
    'own.cjs': 'exports.twice = function twice(x) { return 2 * x; };',
    'made.cjs': "exports.by = require('./maker.cjs')(3);",
    'maker.cjs': 'module.exports = (k) => function by(x) { return k * x; };',
  };

  test('goes by reference to the file that it stands in, without the inspector', async () => {
    const imports = "import barrel from './barrel.cjs';\nconst functions = [barrel.twice];";
    expect(await library.run({ 'main.mjs': prepares(body, imports), ...files })).toBe('own.cjs false');
  });

  test('goes by value if another module has made it, as its text is not in that file', async () => {
    const imports = "import made from './made.cjs';\nconst functions = [made.by];";
    expect(await library.run({ 'main.mjs': prepares(body, imports), ...files })).toBe('by value true');
  });

  test('goes by value if its module is to', async () => {
    const imports = `import { createRequire } from 'node:module';
      import own from './own.cjs';
      import { registerByValue } from 'library';
      registerByValue(createRequire(import.meta.url).resolve('./own.cjs'));
      const functions = [own.twice];`;
    expect(await library.run({ 'main.mjs': prepares(body, imports), ...files })).toBe('by value true');
  });
});

describe('an inspector of the program', () => {
  test('keeps its coverage counts, whatever is captured', async () => {
    const body = `
      const session = new Session();
      session.connect();
      session.post('Profiler.enable');
      session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
      function counted() { return 1; }
      counted(); counted();
      const { fn } = await import('./other.mjs');
      tell(fn, 1);
      counted();
      session.post('Profiler.takePreciseCoverage', (error, { result }) => {
        const own = result.flatMap(({ functions }) => functions).find(({ functionName }) => functionName === 'counted');
        console.log(own?.ranges[0]?.count);
      });
    `;
    const files = {
      'main.mjs': prepares(body, "import { Session } from 'node:inspector';"),
      'other.mjs': 'const k = 1;\nexport const fn = (x) => x + k;\n',
    };
    expect(await library.run(files)).toBe('sent\n3');
  });

  /** As a bundle for `eval`: each module is a script of its own. */
  const modules = `
    const made = [];
    const module = (i, fn) => (0, eval)('(made) => { const k = ' + i + '; made.push(' + fn + '); }\\n//# sourceURL=packed:///' + i)(made);
    for (let i = 0; i < 20; i++) module(i, '(x) => x + k + ' + (i === 0 ? 0 : 'made[' + (i - 1) + '](0)'));
  `;

  test('is turned on once for all scripts that one message has functions of, and off again', async () => {
    const body = `
      const asked = [];
      const { post } = Session.prototype;
      Session.prototype.post = function (method, ...rest) {
        asked.push(method);
        return post.call(this, method, ...rest);
      };
      ${modules}
      tell((fns) => fns.map((fn) => fn(1)), made);
      const count = (name) => asked.filter((method) => method === name).length;
      console.log(count('Debugger.getScriptSource'), count('Debugger.enable'), count('Debugger.disable'));
    `;
    const said = await library.run({
      'main.mjs': prepares(body, "import { Session } from 'node:inspector';"),
    });
    expect(said).toBe('sent\n20 1 1');
  });

  test('a `debugger` statement of what is called meanwhile stops nothing, and scripts may come meanwhile', async () => {
    const body = `
      ${modules}
      const late = { get fn() { debugger; return (0, eval)('const z = 1; (x) => x + z\\n//# sourceURL=packed:///late'); } };
      class Lazy { [Symbol.for('loky.reduce')]() { return [Lazy.of, late.fn]; } static of(fn) { return fn; } }
      tell((fns, lazy) => fns.map((fn) => fn(1)), made, new Lazy());
    `;
    expect(await library.run({ 'main.mjs': prepares(body) })).toBe('sent');
  });
});

describe('what a bundler has put into the program and cannot be sent', () => {
  const queue =
    'class Queue { #items = []; add(item) { this.#items.push(item); } } const queue = new Queue();';
  const minified = `(()=>{
    var e={7(e,t){${queue} t.f=(x)=>queue.add(x)}},t={};
    function n(r){var i=t[r];if(void 0!==i)return i.exports;var o=t[r]={exports:{}};return e[r].call(o.exports,o,o.exports,n),o.exports}
    const {f}=n(7);tell((x)=>f(x))})()`;
  const evaluated = `const exported = {};
    (0, eval)(${JSON.stringify(`(exports) => { ${queue} exports.f = (x) => queue.add(x); }\n//# sourceURL=webpack-internal:///../node_modules/queue/index.js`)})(exported);
    const { f } = exported; tell((x) => f(x))`;

  test.each([
    ['by webpack, minified', minified],
    ['by webpack, module by module', evaluated],
  ])('is refused with the hint to leave it out of the bundle: %s', async (_, body) => {
    expect(await library.run({ 'main.mjs': prepares(body) })).toMatch(
      /closure variable `f` holds something of what is bundled .* is a Queue with private state.*\n.*the program is bundled, so .*: mark the package external, or make `f` inside/,
    );
  });

  test('so is a native function, which may be of WebAssembly', async () => {
    const bytes = '0,97,115,109,1,0,0,0,1,5,1,96,0,1,127,3,2,1,0,7,5,1,1,102,0,0,10,6,1,4,0,65,7,11';
    const body = `const wasm = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.of(${bytes}))).exports; tell(() => wasm.f());`;
    expect(await library.run({ 'main.mjs': prepares(body) })).toMatch(
      /native function.*\n.*mark the package external/,
    );
  });
});
