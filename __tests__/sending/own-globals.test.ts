/** Globals that a program has defined before it loaded the library are its own, however they are defined. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { buildLibrary, type Library } from './harness/library.ts';

let library: Library;
beforeAll(() => {
  library = buildLibrary();
});
afterAll(() => library.remove());

const before = `
class Duration { constructor(n) { this.n = n; } static from(n) { return new Duration(n); } }
const hidden = (name, value) =>
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true, enumerable: false });
hidden('Calendar', { Duration });
hidden('Observable', class { static of(n) { return n; } });
Object.defineProperty(globalThis, 'lateConfig', { get: () => ({ a: 1 }), configurable: true, enumerable: true });
globalThis.assigned = 4;
`;
const main = `import './before.mjs';
import { startPool } from 'library';
const { submit, stop } = startPool(new URL(import.meta.resolve('library/worker')).pathname);
const task = () => [
  Calendar.Duration.from(2).n, Observable.of(3), lateConfig.a, assigned, new Map([[1, 2]]).size,
  typeof structuredClone, new ReadableStream().locked, new AbortController().signal.aborted,
];
await submit(task).then((given) => console.log(JSON.stringify(given)), ({ message }) => console.log(message));
await stop();
`;

test('hidden ones, accessors and assigned ones are sent, and those of every process are not', async () => {
  const given = await library.run({ 'main.mjs': main, 'before.mjs': before });
  expect(given).toBe(JSON.stringify([2, 3, 1, 4, 1, 'function', false, false]));
});
