/** Instances of Node's own classes whose whole state is public travel both ways. */
import { createSecretKey, generateKeyPairSync, KeyObject, sign, verify } from 'node:crypto';
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

describe('what Intl makes, coders, headers and keys', () => {
  const pool = poolOfAllTests({ maxWorkers: 1 });
  const there = <T>(value: T): Promise<T> => pool.submit((same: T) => same, value).result() as Promise<T>;

  const date = new Date(Date.UTC(2024, 1, 3, 16, 5));
  test.each<[string, { resolvedOptions(): object }, ((made: never) => unknown)?]>([
    [
      'NumberFormat',
      new Intl.NumberFormat('de', { style: 'currency', currency: 'EUR' }),
      (f: Intl.NumberFormat) => f.format(1234.5),
    ],
    [
      'NumberFormat',
      new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 2 }),
      (f: Intl.NumberFormat) => f.format(1234.5),
    ],
    [
      'DateTimeFormat',
      new Intl.DateTimeFormat('de', { dateStyle: 'long', timeStyle: 'short', timeZone: 'Asia/Tokyo' }),
      (f: Intl.DateTimeFormat) => f.format(date),
    ],
    [
      'DateTimeFormat',
      new Intl.DateTimeFormat('en', { hour: 'numeric', hour12: true, timeZone: 'UTC' }),
      (f: Intl.DateTimeFormat) => f.format(date),
    ],
    ['DateTimeFormat', new Intl.DateTimeFormat('en'), (f: Intl.DateTimeFormat) => f.format(date)],
    [
      'Collator',
      new Intl.Collator('sv', { numeric: true }),
      (f: Intl.Collator) => ['z', 'ä', '10', '9'].sort(f.compare),
    ],
    ['PluralRules', new Intl.PluralRules('en', { type: 'ordinal' }), (f: Intl.PluralRules) => f.select(2)],
    [
      'RelativeTimeFormat',
      new Intl.RelativeTimeFormat('de', { numeric: 'auto' }),
      (f: Intl.RelativeTimeFormat) => f.format(-1, 'day'),
    ],
    [
      'ListFormat',
      new Intl.ListFormat('de', { type: 'disjunction' }),
      (f: Intl.ListFormat) => f.format(['a', 'b']),
    ],
    ['DisplayNames', new Intl.DisplayNames('de', { type: 'region' }), (f: Intl.DisplayNames) => f.of('FR')],
    [
      'Segmenter',
      new Intl.Segmenter('de', { granularity: 'word' }),
      (f: Intl.Segmenter) => [...f.segment('ein Wort')].length,
    ],
  ])('Intl.%s arrives with its options, %#', async (name, made, use) => {
    const back = await there(made);
    expect(back).not.toBe(made);
    expect(Object.prototype.toString.call(back)).toBe(`[object Intl.${name}]`);
    expect(back.resolvedOptions()).toEqual(made.resolvedOptions());
    expect(use?.(back as never)).toEqual(use?.(made as never));
  });

  test('a locale, and a formatter that a task captures', async () => {
    expect(String(await there(new Intl.Locale('de-CH-u-co-phonebk')))).toBe('de-CH-u-co-phonebk');
    const format = new Intl.NumberFormat('de');
    expect(await pool.submit((n: number) => format.format(n), 1234.5)).toBe('1.234,5');
  });

  test('text encoders and decoders', async () => {
    const encoder = new TextEncoder();
    const decoder = new TextDecoder('windows-1252', { ignoreBOM: true });
    const text = await pool.submit(() => decoder.decode(encoder.encode('é')));
    expect(text).toBe('Ã©');
    const back = await there(new TextDecoder('utf-8', { fatal: true }));
    expect([back.encoding, back.fatal, back.ignoreBOM]).toEqual(['utf-8', true, false]);
    expect(await there(encoder)).toBeInstanceOf(TextEncoder);
  });

  test('headers, with each cookie that is set', async () => {
    const headers = new Headers([
      ['A', 'b'],
      ['Set-Cookie', 'x=1'],
      ['Set-Cookie', 'y=2'],
    ]);
    expect(await pool.submit(() => headers.getSetCookie())).toEqual(['x=1', 'y=2']);
    const back = await there({ headers });
    expect(back.headers).toBeInstanceOf(Headers);
    expect([...back.headers]).toEqual([...headers]);
  });

  test('keys of all three types, which still sign and verify', async () => {
    const secret = createSecretKey(Buffer.from('abc'));
    expect((await there(secret)).equals(secret)).toBe(true);
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const data = Buffer.from('text');
    const signature = await pool.submit(
      (key: KeyObject) => process.getBuiltinModule('crypto').sign(null, Buffer.from('text'), key),
      privateKey,
    );
    expect(verify(null, data, await there(publicKey), signature)).toBe(true);
    expect(verify(null, data, publicKey, sign(null, data, await there(privateKey)))).toBe(true);
    const made = await pool.submit(
      () => process.getBuiltinModule('crypto').generateKeyPairSync('rsa', { modulusLength: 512 }).privateKey,
    );
    expect(made).toBeInstanceOf(KeyObject);
    expect(made.asymmetricKeyType).toBe('rsa');
  });

  test('an answer cannot make formatters without end', async () => {
    const failed = pool.submit(() => Array.from({ length: 1001 }, () => new Intl.NumberFormat('en')));
    await expect(failed.result()).rejects.toThrow('more than 1000 formatters');
  });
});
