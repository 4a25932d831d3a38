/** docs/loky-tests.md: each of loky's tests has a test here that exists, or a reason why it has none. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';

const here = (path: string): URL => new URL(`../../${path}`, import.meta.url);

interface Row {
  readonly lokys: string;
  readonly cases: number;
  readonly ours: readonly string[];
  readonly remark: string;
}

const text = readFileSync(here('../docs/loky-tests.md'), 'utf8');
const rows = text
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line): Row => {
    const [, lokys = '', cases, ours = '', remark = ''] = line.split('|').map((cell) => cell.trim());
    return { lokys, cases: Number(cases), ours: ours === 'none' ? [] : ours.split('<br>'), remark };
  });
const sum = (some: readonly Row[]): number => some.reduce((total, { cases }) => total + cases, 0);

/** Names as they stand in the source, in any quotes. */
function hasName(source: string, name: string): boolean {
  return ["'", '"', '`'].some((quote) =>
    source.includes(quote + name.replaceAll(quote, `\\${quote}`) + quote),
  );
}

/** What of a reference like `` `folder/file`: describe › test `` is not there. */
function missingOf(reference: string): string[] {
  const [, file, names] = /^`([^`]+)`: (.+)$/.exec(reference) ?? [];
  if (file === undefined || names === undefined) return [`no reference: ${reference}`];
  const path = here(`${file}.test.ts`);
  if (!existsSync(path)) return [`no file ${file}.test.ts`];
  const source = readFileSync(path, 'utf8');
  return names
    .split(' › ')
    .filter((name) => !hasName(source, name))
    .map((name) => `no ${JSON.stringify(name)} in ${file}.test.ts`);
}

describe("the table of loky's tests", () => {
  test('names tests that exist', () => {
    expect(rows.flatMap(({ ours }) => ours).flatMap(missingOf)).toEqual([]);
  });

  test('gives a reason where there is none', () => {
    expect(rows.filter(({ ours, remark }) => ours.length === 0 && remark === '')).toEqual([]);
  });

  test("counts all of loky's tests, each once", () => {
    const claim = /(\d+) are different\. (\d+) of them have a\s+counterpart here; (\d+) have none/.exec(text);
    const [all, withOurs, without] = (claim ?? []).slice(1).map(Number);
    expect([sum(rows), sum(rows.filter(({ ours }) => ours.length > 0))]).toEqual([all, withOurs]);
    expect(sum(rows.filter(({ ours }) => ours.length === 0))).toBe(without);
    const names = rows.map(({ lokys }) => lokys);
    expect(new Set(names).size).toBe(names.length);
    expect(all).toBe(224);
  });
});
