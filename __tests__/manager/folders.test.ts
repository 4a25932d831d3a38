/** No folders of lib/ import each other, by way of others neither: who reads one of them need not know those above it. */
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

/** Undefined if no way leads from the folder back to it. */
function circleFrom(start: string, imports: Map<string, Set<string>>): string[] | undefined {
  const ways = [[start]];
  const seen = new Set([start]);
  for (const way of ways) {
    for (const next of imports.get(way.at(-1) as string) ?? []) {
      if (next === start && way.length > 1) return [...way, next];
      if (seen.has(next)) continue;
      seen.add(next);
      ways.push([...way, next]);
    }
  }
  return undefined;
}

test('no folders import each other in a circle', () => {
  const imports = importsOfFolders();
  expect(imports.size).toBeGreaterThan(5);
  const circles = [...imports.keys()].map((folder) => circleFrom(folder, imports)?.join(' → '));
  expect(circles.filter(Boolean)).toEqual([]);
});
