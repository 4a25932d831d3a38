import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { compileHost, hostFolder } from '../watchdog/hosts.ts';

const { folder, remove } = hostFolder();
afterAll(remove);
const elsewhere = mkdtempSync(join(tmpdir(), 'loky-elsewhere-'));
afterAll(() => rmSync(elsewhere, { recursive: true, force: true }));

const source = `import { entryPoint } from './lib/system/entry-points.ts';
  try { console.log(entryPoint('worker')); } catch (error) { console.log(error.message); }`;
const run = (file: string) => execFileSync(process.execPath, [file], { encoding: 'utf8' }).trim();

test('the program beside the running bundle is taken', () => {
  const file = compileHost(folder, 'index', source);
  writeFileSync(join(folder, 'worker.cjs'), '');
  expect(run(file)).toBe(join(folder, 'worker.cjs'));
});

test('a program that is missing is reported with the place where it was expected, and the way out', () => {
  const message = run(compileHost(elsewhere, 'index', source));
  expect(message).toContain(`Expected the program worker.cjs of loky at ${join(elsewhere, 'worker.cjs')}`);
  expect(message).toContain('mark it as external');
});
