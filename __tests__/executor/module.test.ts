/** The exports of a module as methods: they run in workers, and this process loads nothing of it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from '@jest/globals';
import { Future } from 'loky';
import { poolsOfEachTest, rejectionOf } from './pools.ts';

const newPool = poolsOfEachTest();
const folder = mkdtempSync(join(tmpdir(), 'loky-module-'));
afterAll(() => rmSync(folder, { recursive: true }));

const write = (name: string, text: string): URL => {
  writeFileSync(join(folder, name), text);
  return pathToFileURL(join(folder, name));
};

interface Images {
  resize(width: number): number;
  crop(width: number): Promise<number>;
  fail(): never;
  pid(): number;
  die(): never;
  hang(): never;
  slow(): string;
  readonly size: number;
}

const esm = write(
  'images.mjs',
  `let loads = 0; loads += 1;
   export const resize = (width) => width * 2;
   export async function crop(width) { return width - 1; }
   export const fail = () => { throw new RangeError('no image'); };
   export const pid = () => process.pid;
   export const die = () => process.exit(7);
   export const hang = () => { for (;;); };
   export const size = 3;`,
);
const commonjs = write(
  'images.cjs',
  `const api = { resize: (width) => width * 2, pid: () => process.pid }; module.exports = api;`,
);

describe('module', () => {
  test('gives the functions of an ES module as methods, in workers alone', async () => {
    const images = newPool().module<Images>(esm);
    const future = images.resize(4);
    expect(future).toBeInstanceOf(Future);
    expect([await future, await images.crop(4)]).toEqual([8, 3]);
    expect(await images.pid()).not.toBe(process.pid);
    expect(images.resize).toBe(images.resize);
  });

  test('takes what CommonJS exports, the path of a file, and what imports one', async () => {
    const executor = newPool();
    const file = esm.href;
    expect(await executor.module<Images>(commonjs).resize(4)).toBe(8);
    expect(await executor.module<Images>(join(folder, 'images.cjs')).resize(5)).toBe(10);
    expect(await executor.module(() => import(file) as Promise<Images>).resize(6)).toBe(12);
    expect(await executor.module(() => import('node:path')).basename('/a/b.txt')).toBe('b.txt');
  });

  test('says which functions there are when there is none of the name', async () => {
    const images = newPool().module<Record<string, () => unknown>>(esm);
    expect(await rejectionOf(images['resise']?.() as Future<unknown>)).toMatchObject({
      name: 'TypeError',
      message:
        'the module cannot run resise: it exports no resise; its functions are crop, die, fail, hang, pid, resize',
    });
    expect(await rejectionOf(images['size']?.() as Future<unknown>)).toMatchObject({
      message: expect.stringContaining('what it exports is not a function: size'),
    });
  });

  test.each([undefined, 5, 'images', './images.mjs', {}])('refuses %p in words', (source) => {
    expect(() => newPool().module(source as string)).toThrow(
      /module expects what imports one, \(\) => import\('\.\/images\.js'\), or the URL or absolute path/,
    );
  });

  test('that is not there fails its calls with the error of the import', async () => {
    const missing = newPool().module<Images>(pathToFileURL(join(folder, 'missing.mjs')));
    expect(await rejectionOf(missing.resize(1))).toMatchObject({ code: 'ERR_MODULE_NOT_FOUND' });
  });

  test('is no promise, and runs nothing when it is looked at', async () => {
    const executor = newPool();
    const images = executor.module<Images>(esm);
    expect(await Promise.resolve(images)).toBe(images);
    expect(JSON.stringify(images)).toBe('{}');
    expect(executor.stats().workers).toHaveLength(0);
    expect(() => {
      (images as unknown as Record<string, unknown>)['resize'] = 5;
    }).toThrow('resize cannot be set');
  });

  test('has errors with the frames of the module and of the call, and the name of the export', async () => {
    const executor = newPool();
    const names: string[] = [];
    executor.on('taskSettled', ({ name }) => names.push(name));
    const error = await rejectionOf(executor.module<Images>(esm).fail());
    expect(error).toMatchObject({ name: 'RangeError', message: 'no image' });
    const [worker, host] = (error.stack as string).split('--- submitted from ---');
    expect(worker).toMatch(/at fail .*images\.mjs/);
    expect(host).toMatch(/module\.test/);
    expect(error.stack).not.toMatch(/dist|module-methods/);
    expect(names).toEqual(['fail']);
  });

  test('has options of its own: a timeout, a signal, retries', async () => {
    const executor = newPool({ onWorkerCrash: 'isolate' });
    const images = executor.module<Images>(esm, { timeout: 300 });
    await images.resize(1);
    expect(await rejectionOf(images.hang())).toMatchObject({
      name: 'TimeoutError',
      message: expect.stringContaining('"hang"'),
    });
    const controller = new AbortController();
    const running = executor.module<Images>(esm, { signal: controller.signal }).hang();
    controller.abort();
    expect(await rejectionOf(running)).toMatchObject({ name: 'CancelledError' });
    expect(() => executor.module(esm, { timeout: 0 })).toThrow(RangeError);
  });

  test('is imported anew by the worker that takes the place of one that died', async () => {
    const executor = newPool({ maxWorkers: 1, onWorkerCrash: 'isolate' });
    const images = executor.module<Images>(esm);
    const before = await images.pid();
    expect(await rejectionOf(images.die())).toMatchObject({ exitCode: 7, task: 'die' });
    expect(await images.pid()).not.toBe(before);
  });

  test('that loads for long has startTimeout for it and not its timeout', async () => {
    const slow = write(
      'slow.mjs',
      `await new Promise((resolve) => setTimeout(resolve, 400)); export const slow = () => 'there';`,
    );
    const executor = newPool();
    expect(await executor.module<Images>(slow, { timeout: 200 }).slow()).toBe('there');
  });

  test('refuses calls after shutdown as submit does', async () => {
    const executor = newPool();
    const images = executor.module<Images>(esm);
    await executor.shutdown();
    expect(() => images.resize(1)).toThrow('cannot schedule new futures after shutdown');
  });
});
