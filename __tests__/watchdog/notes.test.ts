/** Notes survive the process that wrote them, in a form that a shell can read. */
import { fstatSync, readFileSync } from 'node:fs';
import { afterEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeNotes, encode, type Note, type Notes, openNotes } from '../../lib/watchdog/notes.ts';

let notes: Notes | undefined;
afterEach(() => {
  notes?.close();
  notes = undefined;
});
const open = (): Notes => {
  notes = openNotes() as Notes;
  return notes;
};
const contents = ({ descriptors: [first] }: Notes) =>
  decodeNotes(readFileSync(`/proc/self/fd/${first}`, 'utf8'));

test('a path of any characters comes back, and has an erased letter until it is written', () => {
  const names = fc.string({ unit: 'binary', minLength: 1 }).map((name) => `/${name.replaceAll('\0', '')}`);
  fc.assert(
    fc.property(names, (path) => {
      const { content, letterAt } = encode(path);
      expect(decodeNotes(content.toString())).toEqual([]);
      content.write('F', letterAt);
      expect(decodeNotes(content.toString())).toEqual([{ letter: 'F', path: Buffer.from(path).toString() }]);
    }),
  );
});

test('what is read is what was added, changed and not erased', () => {
  const all = open();
  const one = all.add('F', '/one');
  all.add('D', '/two\nlines');
  all.add('F', '/three').erase();
  one.change('f');
  expect(contents(all)).toEqual([
    { letter: 'f', path: '/one' },
    { letter: 'D', path: '/two\nlines' },
  ]);
  expect(all.size).toBe(2);
});

test('the file grows with the most notes at once, not with all that there were', () => {
  const all = open();
  const size = () => fstatSync(all.descriptors[0] as number).size;
  const kept: Note[] = Array.from({ length: 10 }, (_, n) => all.add('F', `/kept/${n}`));
  const before = size();
  for (let round = 0; round < 1_000; round += 1) {
    kept.shift()?.erase();
    kept.push(all.add('F', `/round/${round}`));
  }
  expect(size()).toBe(before);
  expect(contents(all)).toHaveLength(10);
});
