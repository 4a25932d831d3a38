/** The tests that the page of mended faults names exist: a fault whose test is gone could come back. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';

const page = readFileSync('docs/mended-faults.md', 'utf8');
const rows = [...page.matchAll(/^\| (?!what went wrong|---)(.*) \| (.*) \|$/gm)].map(
  ([, fault = '', tests = '']) => [fault, tests] as const,
);

/** The text of a test file, or of a part of a corpus. */
function textOf(path: string): string {
  const place = join('__tests__', path);
  const isNamed = (name: string): boolean => name.replace(/(\.test)?\.[cm]?[jt]s$/, '') === basename(place);
  const files = readdirSync(dirname(place)).filter(isNamed);
  expect(files).not.toEqual([]);
  return files.map((name) => readFileSync(join(dirname(place), name), 'utf8')).join('\n');
}

/** As a name of a test is written in the page: without the quotes, and with … for what a table of tests puts in. */
const plain = (text: string): string => text.replaceAll(/%\w|\$\w+/g, '…').replaceAll(/[`'"\\\s]+/g, ' ');

test('there are rows, each of which names a test', () => {
  expect(rows.length).toBeGreaterThan(100);
});

test.each(rows)('%s', (_, tests) => {
  const places = [...tests.matchAll(/`([\w./-]+)`(?:: ([^`]*(?:`[^`/]+`[^`]*)*?))?(?=, `|; `|$)/g)];
  expect(places).not.toEqual([]);
  for (const [, path = '', names = ''] of places) {
    const text = plain(textOf(path));
    const missing = names.split('; ').filter((name) => !text.includes(plain(name).trim()));
    expect({ path, missing }).toEqual({ path, missing: [] });
  }
});
