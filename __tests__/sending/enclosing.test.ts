/** The own names of function expressions and classes, as the functions inside use them. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { scopesInside } from '../../lib/sending/functions/enclosing.ts';
import { buildLibrary, type Library } from './harness/library.ts';

let library: Library;
beforeAll(() => {
  library = buildLibrary();
});
afterAll(() => library.remove());

const says = (body: string): Promise<string> =>
  library.run({
    'main.mjs': `
      import { startPool } from 'library';
      const { submit, stop } = startPool(new URL(import.meta.resolve('library/worker')).pathname);
      const say = (value) => console.log(JSON.stringify(value));
      const fails = (pending) => pending.then((value) => ['sent', value], ({ message }) => message);
      ${body}
      await stop();`,
  });

test('the name of a function expression is the function, whatever else is called so', async () => {
  const body = `
    const byType = (() => { const rate = 2; const keep = () => rate; void keep; return (function rate() { return () => typeof rate; })(); })();
    const factorial = (function fact(n) { return (k) => (k <= 1 ? 1 : k * fact(n)(k - 1)); })(1);
    const wrapped = {};
    (function (t) { const keep = () => t; void keep; t.exports = function t(e) { return () => (e > 0 ? t(e - 1)() : 'ok'); }; })(wrapped);
    const counting = function count(n) { count.calls = (count.calls ?? 0) + 1; return () => [n, count.calls, count.label]; };
    counting.label = 'own property';
    const keeps = () => counting;
    const counted = counting(1);
    const nested = (function a(x) { return (function b(y) { return (n) => (n > 0 ? a(x + 1)(0) + b(y + 1)(0) : x + y); })(10); })(1);
    const deep = (function walk(tree) { const { kids = [] } = tree; return () => 1 + kids.map((kid) => walk(kid)()).reduce((x, y) => x + y, 0); })({ kids: [{}, { kids: [{}] }] });
    say([await submit(byType), await submit(factorial, 5), await submit(wrapped.exports(2)), await submit(counted)]);
    say([await submit(nested, 1), nested(1), await submit(deep), deep()]);
  `;
  expect(await says(body)).toBe('["function",120,"ok",[1,1,"own property"]]\n[24,24,4,4]');
});

test('where the function cannot be had and another would differ, it is refused with the way out', async () => {
  const body = `
    const compare = (() => (function self() { return () => self === self.other; })())();
    const assigned = (() => (function self(n) { return () => { try { self = 1; } catch { return 'kept'; } }; })())();
    console.log(await fails(submit(compare)));
    console.log(await fails(submit(assigned)));
  `;
  const refused =
    'cannot send the task: the function uses `self`, the name of the function expression around it, which cannot be read\n' +
    '  hint: give that function a variable (const self = …) and use the variable, or export what needs it from a module';
  expect(await says(body)).toBe(`${refused}\n${refused}`);
});

test('the name of a class expression is the class', async () => {
  const body = `
    const B = 1;
    const A = class B { static n = 3; static make() { return () => [B.n, new B() instanceof B]; } };
    class D { static n = 4; static make() { return () => D.n; } }
    say([await submit(A.make()), await submit(D.make()), typeof B]);
  `;
  expect(await says(body)).toBe('[[3,true],4,"number"]');
});

const scope = (names: string, type = 'Closure', owner = ''): Parameters<typeof scopesInside>[0][number] => ({
  type,
  owner,
  variables: Object.fromEntries([...names].map((name) => [name, 0])),
});
const around = (inside: string, outside: string): Parameters<typeof scopesInside>[2] => ({
  inside: new Set(inside),
  outside: new Set(outside),
});

test('scopes are divided where only one way is possible', () => {
  const module = scope('xyz', 'Module');
  expect(scopesInside([scope('a'), scope('b'), module], 'f', around('a', 'bxyz'))).toBe(1);
  expect(scopesInside([module], 'f', around('xyz', 'xyz'))).toBe(0);
  expect(scopesInside([scope('a', 'Block'), scope('a'), module], 'f', around('a', 'xyz'))).toBe(2);
  expect(scopesInside([scope('a'), module], 'f', around('a', 'axyz'))).toBe(undefined);
  expect(scopesInside([scope('a', 'Closure', 'f'), module], 'f', around('a', 'axyz'))).toBe(1);
  expect(scopesInside([scope('q'), module], 'f', around('a', 'xyz'))).toBe(undefined);
});
