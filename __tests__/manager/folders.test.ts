/** No two folders of lib/ import each other: who reads one of them need not know the other. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The folders that each folder imports from. The files of lib/ itself, its face and its errors, are of no folder. */
function importsOfFolders(): Map<string, Set<string>> {
  const imports = new Map<string, Set<string>>();
  for (const name of readdirSync(join(root, 'lib'), { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts')) continue;
    const file = join(root, 'lib', name);
    const folder = relative(root, dirname(file));
    const found = imports.get(folder) ?? new Set();
    imports.set(folder, found);
    for (const [, path] of readFileSync(file, 'utf8').matchAll(/(?:from|import\() ?'(\.[^']+)'/g))
      found.add(relative(root, join(dirname(file), dirname(path as string))));
  }
  imports.delete('lib');
  return imports;
}

test('no two folders import each other', () => {
  const imports = importsOfFolders();
  const pairs: string[] = [];
  for (const [folder, others] of imports)
    for (const other of others)
      if (folder < other && imports.get(other)?.has(folder)) pairs.push(`${folder}, ${other}`);
  expect(imports.size).toBeGreaterThan(5);
  expect(pairs).toEqual([]);
});
