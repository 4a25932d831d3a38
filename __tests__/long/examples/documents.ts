/** The documents of the repository that are written by hand, and their code blocks. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { type CodeBlock, codeBlocksOf, printsAsSaid } from './code-blocks.ts';
import { runProgram } from './run-program.ts';

const pagesIn = (folder: string, recursive = false): string[] =>
  readdirSync(folder, { recursive, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => path.endsWith('.md'));

/** docs/api is made from the types: its blocks are signatures. */
export const documents = [
  ...['README.md', 'CHANGELOG.md', 'scripts/bench/README.md'],
  ...pagesIn('docs', true).filter((path) => !path.startsWith(join('docs', 'api'))),
  ...pagesIn('.github', true),
];

export const blocks: readonly CodeBlock[] = documents.flatMap((path) =>
  codeBlocksOf(path, readFileSync(path, 'utf8')),
);

/** @param setting The second word of their fences. */
export function blocksFor(setting: string): CodeBlock[] {
  return blocks.filter((block) => block.setting === setting);
}

/** For a file. */
export const nameOf = ({ place }: CodeBlock): string => place.replaceAll(/\W/g, '-');

/** The program prints what its block says, ends well, and leaves nothing behind. */
export async function runBlock(file: string, { prints }: CodeBlock, stderr: unknown = ''): Promise<void> {
  const outcome = await runProgram(file);
  expect({ exitCode: outcome.exitCode, stderr: outcome.stderr }).toEqual({ exitCode: 0, stderr });
  const lines = outcome.stdout.split('\n').slice(0, -1);
  if (!printsAsSaid(lines, prints)) expect(lines).toEqual(prints);
}
