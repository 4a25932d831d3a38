/** How functions are referred to without parsing their files, and messages that are written without the graph. */
import { describe, expect, test } from '@jest/globals';
import { exportedWhereDeclared } from '../../lib/sending/functions/references.ts';
import { GraphWriter } from '../../lib/sending/graph/writer.ts';
import { HostPolicy } from '../../lib/sending/host/policy.ts';
import { oneRow, plainSettings, settingsPayload } from '../../lib/sending/host/ready-messages.ts';

describe('the name under which a module exports a function, told by the line it stands in', () => {
  test.each([
    ['export function f(a) {}', 'function f(a) {}', 'f'],
    ['const a = 1;\n  export async function* $f() {}', 'async function* $f() {}', '$f'],
    ['export class Größe {}', 'class Größe {}', 'Größe'],
    ['export const f = (a) => a;', '(a) => a', 'f'],
    ['export let f = async (a) => a;', 'async (a) => a', 'f'],
    ['export const f = function g() {};', 'function g() {}', 'f'],
    // All others are left to the parser.
    ['export default function f() {}', 'function f() {}', undefined],
    ['function f() {}\nexport { f };', 'function f() {}', undefined],
    ['export const { f = (a) => a } = {};', '(a) => a', undefined],
    ['export const f = wrap((a) => a);', '(a) => a', undefined],
    ['// export\nfunction f() {}', 'function f() {}', undefined],
    ['/* export */ function f() {}', 'function f() {}', undefined],
    ['export const a = 1, f = () => 1;', '() => 1', undefined],
  ])('%j', (whole, text, name) => {
    expect(exportedWhereDeclared(whole, whole.lastIndexOf(text), text)).toBe(name);
  });
});

describe('messages of a known form are what the graph would write', () => {
  const write = (value: unknown, header: Uint8Array) =>
    new GraphWriter(new HostPolicy([], false)).write(value, header);

  test('settings without reducers', () => {
    const settings = { serializer: 'v8', reducers: [] };
    expect(plainSettings('v8')).toEqual(settingsPayload([], write(settings, Buffer.alloc(0))));
  });

  test('a value that is one row', () => {
    const header = Buffer.from([8]);
    expect(oneRow(['global', ['Math', 'max']], header)).toEqual(write(Math.max, header));
  });
});
