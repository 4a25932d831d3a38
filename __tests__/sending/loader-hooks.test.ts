/** Programs whose module loader is hooked, as tools for tracing do it. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { buildLibrary, type Library } from './harness/library.ts';

let library: Library;
beforeAll(() => {
  library = buildLibrary();
});
afterAll(() => library.remove());

test('hooks that refuse what no file imports end no worker, and spoil no import', async () => {
  const main = `
    import { createHash } from 'node:crypto';
    import { posix } from 'node:path';
    import { startPool } from 'library';
    import { twice } from './twice.mjs';
    const { submit, stop } = startPool(new URL(import.meta.resolve('library/worker')).pathname);
    const one = await submit((text) => createHash('md5').update(text).digest('hex').length, 'x');
    const two = await submit(async (x) => [twice(x), (await import('node:path')).posix.join('a', 'b')], 2);
    console.log(JSON.stringify([one, two, posix.sep]));
    await stop();`;
  const hooks = `
    export function resolve(specifier, context, next) {
      if (context.parentURL?.endsWith('/')) throw new Error('nothing but files imports: ' + specifier);
      return next(specifier, context);
    }`;
  const files = {
    'main.mjs': `import { register } from 'node:module';
      if (!process.argv.includes('hooked')) {
        const { spawnSync } = await import('node:child_process');
        const own = new URL('./register.mjs', import.meta.url).href;
        const { stdout } = spawnSync(process.execPath, ['--import', own, process.argv[1], 'hooked']);
        process.stdout.write(stdout);
      } else await import('./hooked.mjs');`,
    'hooked.mjs': main,
    'twice.mjs': 'export const twice = (x) => 2 * x;',
    'register.mjs': "import { register } from 'node:module'; register('./hooks.mjs', import.meta.url);",
    'hooks.mjs': hooks,
  };
  expect(await library.run(files)).toBe('[32,[4,"a/b"],"/"]');
});
