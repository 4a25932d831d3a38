/** The installed package by every way to load it: what comes is the same, and works. Types are checked by pack.test. */
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { installPackage, type Project, repository, runNode } from './installed.ts';

/** npm, jest and tsc take seconds where the machine is busy. */
const LONG = 120_000;

let project: Project;
beforeAll(() => {
  project = installPackage();
  for (const name of ['@opentelemetry/api', 'bullmq', 'ioredis', 'prom-client']) link(name);
}, LONG);
afterAll(() => project?.remove());

/** What the repository has is there for the project as well. */
function link(name: string): void {
  const place = join(project.folder, 'node_modules', name);
  mkdirSync(join(place, '..'), { recursive: true });
  symlinkSync(join(repository, 'node_modules', name), place, 'junction');
}

const BOTH = `
const names = ['loky', 'loky/metrics', 'loky/bullmq', 'loky/view', 'loky/opentelemetry'];
const main = async (importAll, requireAll) => {
  for (const name of names) {
    const required = requireAll(name);
    const imported = await importAll(name);
    const wrong = Object.keys(required).filter((key) => required[key] !== imported[key]);
    console.log(name, Object.keys(required).length > 0, wrong, Object.keys(imported).length === Object.keys(required).length);
  }
  const one = requireAll('loky');
  const other = await importAll('loky');
  console.log(one.getReusableExecutor({ maxWorkers: 1 }) === other.getReusableExecutor({ maxWorkers: 1 }));
  const executor = new one.ProcessPoolExecutor({ maxWorkers: 1 });
  const future = executor.submit(() => process.exit(3));
  const error = await future.exception();
  console.log(executor instanceof other.ProcessPoolExecutor, future instanceof other.Future, error instanceof other.TerminatedWorkerError);
  await executor.shutdown();
};
`;
const PRINTED = [
  'loky true [] true',
  'loky/metrics true [] true',
  'loky/bullmq true [] true',
  'loky/view true [] true',
  'loky/opentelemetry true [] true',
  ...['true', 'true true true', ''],
].join('\n');

describe('by require and by import at once', () => {
  test.concurrent.each([
    ['from CommonJS', 'both.cjs', `${BOTH} main((name) => import(name), require);`],
    [
      'from an ES module',
      'both.mjs',
      `import { createRequire } from 'node:module'; ${BOTH} await main((name) => import(name), createRequire(import.meta.url));`,
    ],
  ])('%s, there is one of everything', async (_, name, source) => {
    const file = project.write(name, source);
    expect(await runNode(project.folder, [file])).toEqual({ code: 0, stdout: PRINTED, stderr: '' });
  });
});

test('exports have names that an ES module can import', async () => {
  const source = `
import { getReusableExecutor } from 'loky';
import { collectMetrics } from 'loky/metrics';
import { defineTasks } from 'loky/bullmq';
console.log(typeof collectMetrics, typeof defineTasks, await getReusableExecutor().submit((a) => a + 1, 1));`;
  const ran = await runNode(project.folder, [project.write('named.mjs', source)]);
  expect(ran).toEqual({ code: 0, stdout: 'function function 2\n', stderr: '' });
});

test('exports go by reference without the parser and without the debugger', async () => {
  project.write(
    'tasks.cjs',
    'exports.inCommonJs = (a) => a + 1;\nexports.named = function named(a) { return a + 1; };',
  );
  project.write(
    'tasks.mjs',
    'export const inModule = (a) => a + 1;\nexport function declared(a) { return a + 1; }',
  );
  const source = `
import { createRequire } from 'node:module';
import { Session } from 'node:inspector';
import { ProcessPoolExecutor } from 'loky';
import { inModule, declared } from './tasks.mjs';
const require = createRequire(import.meta.url);
const asked = [];
const { post } = Session.prototype;
Session.prototype.post = function (method, ...rest) { asked.push(method); return post.call(this, method, ...rest); };
const executor = new ProcessPoolExecutor({ maxWorkers: 1 });
const futures = [require('./tasks.cjs').inCommonJs, require('./tasks.cjs').named, inModule, declared].map((fn) => executor.submit(fn, 1));
console.log(await Promise.all(futures));
const parsers = () => Object.keys(require.cache).filter((file) => file.endsWith('texts.cjs')).length;
console.log(parsers(), asked.filter((method) => method.startsWith('Debugger')).length);
console.log(await executor.submit((a) => a + asked.length * 0, 1), parsers());
await executor.shutdown();`;
  const file = project.write('by-reference.mjs', source);
  const ran = await runNode(project.folder, [file]);
  expect(ran).toEqual({ code: 0, stdout: '[ 2, 2, 2, 2 ]\n0 0\n1 1\n', stderr: '' });
});

const TS_JEST = {
  private: true,
  jest: {
    transform: { '^.+\\.ts$': 'ts-jest' },
    testMatch: ['**/*.jest.ts'],
    testSequencer: './sequencer.cjs',
  },
};

const FILES = {
  'tsconfig.json':
    '{ "compilerOptions": { "target": "es2022", "module": "commonjs", "strict": true, "esModuleInterop": true, "moduleResolution": "node10", "ignoreDeprecations": "6.0", "types": ["node"], "skipLibCheck": true } }',
  'sequencer.cjs': `
module.exports = class extends require('@jest/test-sequencer').default {
  sort(tests) { return [...tests].sort((a, b) => (a.path < b.path ? -1 : 1)); }
};`,
  'helper.ts': `
export const twice = (value: number): number => value * 2;
export class Money {
  constructor(readonly cents: number) {}
  plus(other: Money): Money { return new Money(this.cents + other.cents); }
}`,
  'a.jest.ts': `
import { getReusableExecutor, Future, TerminatedWorkerError, TimeoutError } from 'loky';
import { collectMetrics } from 'loky/metrics';
import { processor } from 'loky/bullmq';
import { expect, test } from '@jest/globals';
import { Money, twice } from './helper';

const executor = getReusableExecutor({ maxWorkers: 1, idleTimeout: 100, onWorkerCrash: 'isolate' });
// In the realm of jest itself, as a reference of this one would hold it.
process.getBuiltinModule('node:vm').runInThisContext('(object) => { globalThis.first = new WeakRef(object) }')(executor);
const captured = 3;

test('closures, helpers of other files, and what they export', async () => {
  expect(await executor.submit((value: number) => twice(value) + captured, 1)).toBe(5);
  expect(await executor.submit(twice, 2)).toBe(4);
});

test('values and errors are of the realm of the test', async () => {
  const values = [new Date(0), new Map([[1, new Set([2])]]), new RangeError('no'), { list: [1n, null] }];
  const back = await executor.submit((...all: unknown[]) => all, ...values);
  expect(back).toStrictEqual(values);
  expect(back[2]).toBeInstanceOf(RangeError);
  const total = await executor.submit((sum: Money) => sum.plus(new Money(1)), new Money(2));
  expect(total).toStrictEqual(new Money(3));
  await expect(executor.submit(() => { throw new TypeError('own'); })).rejects.toThrow(TypeError);
  expect(await executor.submit(() => process.exit(3)).exception()).toBeInstanceOf(TerminatedWorkerError);
  const slow = executor.withOptions({ timeout: 100 }).submit(() => { for (;;); });
  expect(await slow.exception()).toBeInstanceOf(TimeoutError);
  expect(slow).toBeInstanceOf(Future);
});

test('the other entries', () => {
  expect([typeof collectMetrics, typeof processor]).toEqual(['function', 'function']);
});`,
  // The pool of the first file was not shut down.
  'b.jest.ts': `
import { expect, test } from '@jest/globals';
import { setTimeout } from 'node:timers/promises';

test('a file that is over leaves nothing in memory', async () => {
  const isThere = process.getBuiltinModule('node:vm').runInThisContext('() => { gc(); return first.deref() !== undefined }');
  for (let tries = 0; tries < 100 && isThere(); tries++) await setTimeout(100);
  expect(isThere()).toBe(false);
}, 30_000);`,
};

test(
  'jest takes it without flags, with ts-jest as CommonJS, and finds no handle that is left open',
  async () => {
    for (const name of ['jest', 'ts-jest', 'typescript', '@jest', '@types']) link(name);
    project.write('package.json', JSON.stringify(TS_JEST));
    for (const [name, text] of Object.entries(FILES)) project.write(name, text);
    const jest = join(repository, 'node_modules/jest/bin/jest.js');
    const args = [
      '--expose-gc',
      jest,
      '--runInBand',
      '--detectOpenHandles',
      '--no-cache',
      '--ci',
      '--testTimeout=60000',
    ];
    const { code, stderr } = await runNode(project.folder, args);
    expect(stderr).toContain('Tests:       4 passed, 4 total');
    expect(stderr).not.toMatch(/open handle|did not exit|●/);
    expect(code).toBe(0);
  },
  LONG,
);
