/** Instances of Node's own classes whose whole state is public travel both ways. */
import { readdirSync, statfsSync, statSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { poolOfAllTests } from '../executor/pools.ts';

describe('what Node tells of files', () => {
  const pool = poolOfAllTests({ maxWorkers: 1 });

  test('travels as an argument, as a captured value and as a result', async () => {
    const stats = statSync('/');
    expect(
      await pool.submit((s: typeof stats) => [s.isDirectory(), s.mtimeMs, s.mtime.getTime()], stats),
    ).toEqual([true, stats.mtimeMs, stats.mtime.getTime()]);
    expect(await pool.submit(() => stats.isDirectory())).toBe(true);
    const back = await pool.submit(() => process.getBuiltinModule('fs').statSync('/'));
    expect([back.isDirectory(), back.isFile(), back.ino, back.mtime.getTime()]).toEqual([
      true,
      false,
      stats.ino,
      stats.mtime.getTime(),
    ]);
    expect(Object.getPrototypeOf(back)).toBe(Object.getPrototypeOf(stats));
  });

  test('also in bigints, of file systems, and of the entries of a folder', async () => {
    const big = statSync('/', { bigint: true });
    expect(await pool.submit((s: typeof big) => s.isDirectory() && s.mtimeNs, big)).toBe(big.mtimeNs);
    const [bigBack, ofSystem, entries] = await pool.submit(() => {
      const fs = process.getBuiltinModule('fs');
      return [
        fs.statSync('/', { bigint: true }),
        fs.statfsSync('/'),
        fs.readdirSync('/', { withFileTypes: true }),
      ] as const;
    });
    expect([bigBack.ino, bigBack.isDirectory()]).toEqual([big.ino, true]);
    expect(ofSystem.bsize).toBe(statfsSync('/').bsize);
    expect(Object.getPrototypeOf(ofSystem)).toBe(Object.getPrototypeOf(statfsSync('/')));
    const here = readdirSync('/', { withFileTypes: true });
    const kinds = (all: typeof here) =>
      all.map((entry) => [entry.name, entry.isDirectory(), entry.isSymbolicLink()]);
    expect(kinds([...entries])).toEqual(kinds(here));
    expect(
      await pool.submit((all: typeof here) => all.filter((entry) => entry.isDirectory()).length, here),
    ).toBe(here.filter((entry) => entry.isDirectory()).length);
  });
});
