/** Of a large file only a part is parsed: what it says of a function must be what the whole file says. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  claimPart,
  exportsOf,
  type ModuleText,
  moduleText,
  partOfModule,
} from '../../lib/sending/functions/module-text.ts';
import { outlineOf } from '../../lib/sending/functions/outline.ts';
import { surroundings } from '../../lib/sending/functions/surroundings.ts';
import { type AstNode, childrenOf, isFunctionNode } from '../../lib/sending/functions/syntax.ts';
import { freeNames } from '../../lib/sending/functions/walker.ts';
import { buildLibrary, type Library } from './harness/library.ts';

function functionsIn(node: AstNode): AstNode[] {
  const inside = [...childrenOf(node)].flatMap(functionsIn);
  return isFunctionNode(node) || /^Class(?:Expression|Declaration)$/.test(node.type)
    ? [node, ...inside]
    : inside;
}

function says(module: ModuleText, node: AstNode, names: ReadonlySet<string>): unknown {
  const { variable, imports, exports, required, strict } = module;
  const around = surroundings(module, node.start, node.end);
  const ofNames = [...names].map((name) => {
    const { id, isWhole, isOnce, isConstant, isDefined } = variable(around.node, name) ?? {};
    const marks = [isConstant, isDefined];
    return [name, marks, id, isWhole, isOnce, imports.get(name), required.get(name), exports.get(name)];
  });
  return { strict, type: around.node?.type, thisOf: around.thisOf, inStrict: around.strict, ofNames };
}

interface Compared {
  readonly functions: number;
  /** Of which the part was not enough. */
  readonly undecided: number;
}

/** Each function of a file, or each so manieth. */
function compare(text: string, isModule: boolean, step = 1): Compared {
  const file = `file:///compared-${text.length}.${isModule ? 'mjs' : 'cjs'}`;
  const whole = moduleText({ url: file, text, isModule }) as ModuleText;
  expect(whole.isModule).toBe(isModule);
  const nodes = functionsIn(whole.tree).filter((_, index) => index % step === 0);
  let undecided = 0;
  for (const node of nodes) {
    const names = new Set(freeNames(node).names.keys());
    const inner = new Set([...names].filter((name) => whole.variable(node, name)?.isWhole === false));
    const part = partOfModule({ url: file, text, isModule }, node, { names, inner }, 0);
    if (part) expect(says(part.module, node, names)).toEqual(says(whole, node, names));
    else undecided++;
  }
  return { functions: nodes.length, undecided };
}

describe('a part of a file says what the whole file says', () => {
  test.each([
    [
      'an assignment in a function far away',
      'let a = 1; const b = 2; const f = () => a + b; function g() { { a = 2; } }',
    ],
    [
      'an assignment to another variable of that name',
      'let a = 1; const f = () => a; function g() { let a; a = 2; (() => a++)(); }',
    ],
    [
      'a parameter that another function assigns',
      'let a = 1; const f = () => a; const g = (a) => { a = 2; };',
    ],
    [
      'patterns',
      'let a, b, c, d; const f = () => [a, b, c, d]; function g(o) { [a, ...b] = o; ({ k: c, d = 1 } = o); }',
    ],
    [
      'patterns in parentheses and in patterns',
      'let a, b; const f = () => [a, b]; function g(o) { [[(a)], { x: { y: b } }] = o; }',
    ],
    [
      'loops that assign',
      'let a, b, c; const f = () => [a, b, c]; function g(o) { for (a of o); for (b in o); for ([{ c }] of o); }',
    ],
    [
      'operators',
      'let a = 1, b = 1, c = 1, d; const f = () => [a, b, c, d]; function g() { a **= 2; ++ b; c --; d ??= 1; }',
    ],
    [
      'comments between',
      'let a = 1, b = 1; const f = () => [a, b]; function g() { a /* no */ = 2; ++/* no */b; }',
    ],
    [
      'comparisons',
      'let a = 1; const f = () => a; function g() { return a == 1 || a === 2 || a >= 3 || ((a) => a); }',
    ],
    [
      'variables in blocks',
      'const x = 1; function g(y) { if (y) { var x = 2; } return () => x; } for (const z of [1]) (() => z)();',
    ],
    [
      'variables declared twice',
      'function g() { var a = 1; { var a = 2; } return () => a; } var b = 1; for (var b of []); (() => b)();',
    ],
    [
      'declared by patterns',
      'const { a, b: [c], ...d } = globalThis.o, [e] = []; const f = () => [a, c, d, e]; function g({ h }, [i]) { return () => h + i; }',
    ],
    ['a direct eval', 'let a = 1; const b = 1; const f = () => a + b; function g(text) { eval(text); }'],
    [
      'arguments in arrows',
      'function g(a, b) { const change = () => { arguments[0] = 2; }; change(); return () => a + b; }',
    ],
    ['directives', 'function f() { "a"; "use strict"; let a; return function () { return a; }; }'],
    [
      'if and else, do and while',
      'let a = 1; if (a) a = 2; else (() => a)(); do a++; while (a < 3); const f = () => a;',
    ],
    [
      'cases',
      'let a = 1; switch (a) { case 1: { let b = 1; (() => b)(); } case 2: let c; c = 2; (() => c + a)(); }',
    ],
    ['labels', 'let a = 1; here: { a = 2; break here; } there: for (;;) { (() => a)(); break there; }'],
    [
      'regular expressions',
      'let a = 1; const r = a / 2 / 1, s = /[/}]{2}\\/\\(/g, t = r.return / 2; if (r) /}/.test(t); function f() { return /"/.test(s) || a; } a = 2;',
    ],
    [
      'templates',
      `let a = 1; const t = \`\${\`\${(() => a)()}\`} } { \${{ a }} \`; const f = () => \`\${a}\`; function g() { return \`\${a = 2}\`; }`,
    ],
    ['strings', "let a = 1; const t = \"} a = 2 {\" + '\\''; const f = () => a;"],
    [
      'classes',
      'let a = 1; class A { b = a; #c = () => a; static d = a; static { a = 2; } e() { return () => a; } [a]() {} get f() { return A; } }',
    ],
    [
      'names with other names in them',
      'let a = 1, $a = 2, ä = 3, aä = 4; const f = () => [a, $a, ä, aä]; function g() { $a = 1; aä++; }',
    ],
    [
      'keys and properties with escapes in their names, as minifiers write them',
      'let a = 1; const o = {\\u00C0:"A",a\\u{e9}b:"B"}; o.\\u00C0 = 2; const f = () => a + o.\\u00C0; function g() { a = 2; }',
    ],
    [
      'properties of that name',
      'let a = 1; const f = () => a; function g(o) { o.a = 2; o?.a; o = { a: 2, a() {} }; return [...a]; }',
    ],
  ])('%s', (_, text) => {
    for (const isModule of [true, false]) {
      expect(compare(text, isModule)).toEqual({ functions: expect.any(Number), undecided: 0 });
    }
  });

  test('imports and exports', () => {
    const text = `import a, { b as c } from './a.mjs'; import * as d from "d"; import e from './e.json' with { type: 'json' };
      import './f.mjs'
      const f = () => [a, c, d, e]; export { f, g as h }; function g() { return [import('x'), import.meta.url]; }
      export const i = { j() { return i; } }; export default f`;
    expect(compare(text, true)).toEqual({ functions: 3, undecided: 0 });
    const part = exportsOf('file:///x.mjs', `${text};${' '.repeat(200_000)}`);
    const whole = moduleText({ url: 'file:///x.mjs', text, isModule: true });
    expect([...(part?.exports ?? [])]).toEqual([...(whole?.exports ?? [])]);
    expect([...(part?.imports ?? [])]).toEqual([...(whole?.imports ?? [])]);
    expect(part?.defaultExport?.start).toBe(whole?.defaultExport?.start);
  });

  test.each([
    ['acorn', 'acorn', false],
    ['esbuild', 'esbuild', false],
    ['devalue', 'devalue', true],
    ['expect', '@jest/globals', false],
  ])('the files of %s', (_, name, isModule) => {
    const file = createRequire(import.meta.url).resolve(name);
    const { functions, undecided } = compare(readFileSync(file, 'utf8'), isModule, 7);
    expect(undecided).toBeLessThan(functions / 10 + 1);
  });
});

test('where only a parser knows what a text means, nothing is told of its brackets', () => {
  const texts = [
    'x = y } {',
    '"',
    '`${',
    'a = function () {} / 2',
    'a <!-- b',
    '\n --> b',
    'const \\u0061 = 1',
    'const o = { \\u0061 }',
    '[...\\u0061] = o',
    'const \\u0061b /* */ = 1',
    'of / 2',
  ];
  for (const text of texts) expect([text, outlineOf(text)]).toEqual([text, undefined]);
});

describe('from a program with a large file', () => {
  let library: Library;
  beforeAll(() => {
    library = buildLibrary();
  });
  afterAll(() => library.remove());

  const filler = Array.from(
    { length: 3000 },
    (_, n) => `export function f${n}(a, b) { let c = a / b; c += ${n}; return { c }; }`,
  );
  const program = `
    import { startPool } from 'library';
    import { sep } from 'node:path';
    ${filler.slice(0, 1500).join('\n')}
    const { submit, stop } = startPool(new URL(import.meta.resolve('library/worker')).pathname);
    const fails = (pending) => pending.then((value) => ['sent', value], ({ message }) => message.split('\\n')[0]);
    let total = 1;
    const add = () => ++total;
    const rate = 2;
    class Money { constructor(c) { this.c = c; } twice() { return new Money(this.c * rate); } }
    const counters = [0, 10].map((n) => { const own = {}; return { next: () => (own.n = ++n), peek: () => n, own: () => own }; });
    const factorial = (function fact(n) { return (k) => (k <= 1 ? 1 : k * fact(n)(k - 1)); })(1);
    const results = [await submit(() => total), await submit((n) => new Money(n).twice().c, 4)];
    add();
    results.push(await submit(() => total), await submit(() => [add(), total]), total, await submit(() => typeof sep));
    results.push(await submit((all) => all.map(({ next, peek }) => [next(), next(), peek()]), counters));
    results.push(await submit(factorial, 5), await submit(f7, 8, 2), await fails(submit(() => late)));
    const late = 1;
    console.log(JSON.stringify(results));
    ${filler.slice(1500).join('\n')}
    await stop();`;

  test('its functions mean what they mean', async () => {
    const late =
      'cannot send the task: closure variable `late` has no value yet: it is used before its declaration ran';
    const counted = [
      [1, 2, 2],
      [11, 12, 12],
    ];
    expect(JSON.parse(await library.run({ 'main.mjs': program }))).toEqual([
      1,
      8,
      2,
      [3, 3],
      2,
      'string',
      counted,
      120,
      { c: 11 },
      late,
    ]);
  });
});

test('the whole is parsed where it is known, and once many functions of the file were asked for', () => {
  const source = `const one = 1;${' '.repeat(200_000)}`;
  const asked = Array.from({ length: 50 }, () =>
    claimPart({ url: 'file:///many.mjs', text: source, isModule: true }),
  );
  expect(asked.lastIndexOf(true)).toBe(39);
  expect(claimPart({ url: 'file:///known.mjs', text: source, isModule: true })).toBe(true);
  moduleText({ url: 'file:///known.mjs', text: source, isModule: true });
  expect(claimPart({ url: 'file:///known.mjs', text: source, isModule: true })).toBe(false);
  expect(claimPart({ url: 'file:///small.mjs', text: 'const one = 1;', isModule: true })).toBe(false);
});

test('the whole is parsed once the parts together are as long: a name of a minified file is everywhere', () => {
  const functions = Array.from({ length: 8_000 }, (_, n) => `var f${n}=()=>a=${n};`).join('');
  const source = `let a=0;${functions}`;
  const url = 'file:///minified.mjs';
  const asks = { names: new Set(['a']), inner: new Set<string>() };
  const asked = Array.from({ length: 10 }, (_, n) => {
    if (!claimPart({ url, text: source, isModule: true })) return false;
    const text = `()=>a=${n}`;
    const start = source.indexOf(text);
    return (
      partOfModule({ url, text: source, isModule: true }, { start, end: start + text.length }, asks) !==
      undefined
    );
  });
  expect(asked.lastIndexOf(true)).toBeLessThan(2);
  expect(asked[0]).toBe(true);
});
