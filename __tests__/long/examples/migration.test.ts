/**
 * The migration page names every public option, method and export of the pools that it is for, as their type files list them, and
 * its programs for them run. The pools are those of the benchmark, installed into a folder of their own: nothing else needs them.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import ts from 'typescript';
import { blocksFor, nameOf, runBlock } from './documents.ts';
import { openWorkshop, type Workshop } from './workshop.ts';

let workshop: Workshop;
beforeAll(() => {
  workshop = openWorkshop('scripts/bench');
}, 180_000);
afterAll(() => workshop?.remove());

const page = readFileSync('docs/coming-from-workerpool-and-piscina.md', 'utf8');

/** All that stands between backticks in the tables of a section. */
function namedIn(section: string): string {
  const text = page.split(/^## /m).find((part) => part.startsWith(`${section}\n`)) ?? '';
  const [tables = ''] = text.split('```');
  return [...tables.matchAll(/`([^`]+)`/g)].map(([, code]) => code).join(' ');
}

function isPublic(member: ts.Declaration): boolean {
  return (ts.getCombinedModifierFlags(member) & ts.ModifierFlags.Private) === 0;
}

function membersOf(node: ts.Node): readonly ts.Declaration[] {
  if (ts.isInterfaceDeclaration(node) || ts.isClassDeclaration(node)) return [...node.members];
  if (ts.isTypeAliasDeclaration(node) && ts.isTypeLiteralNode(node.type)) return [...node.type.members];
  return [];
}

/** The public members of these types, and what is exported. */
function namesIn(file: string, types: readonly string[]): Set<string> {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest);
  const names = new Set<string>();
  const add = (name: ts.Node | undefined): void => {
    if (name !== undefined && ts.isIdentifier(name)) names.add(name.text);
  };
  const visit = (node: ts.Node): void => {
    const { name } = node as ts.Node & { readonly name?: ts.Node };
    if (name !== undefined && ts.isIdentifier(name) && types.includes(name.text))
      for (const member of membersOf(node)) if (isPublic(member)) add(ts.getNameOfDeclaration(member));
    if (ts.isExportSpecifier(node)) add(node.name);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return names;
}

/** tinypool's types export what passes between its own processes. */
const INTERNAL =
  /^(k[A-Z]\w+|\w+Message|Tinypool\w+|Transferable|Task|Options|Tinypool|default|isTaskQueue|isTransferable|markMovable|withNullPrototype)$/;

test.each<[string, string, readonly string[]]>([
  ['workerpool', 'types/types.d.ts', ['WorkerPoolOptions', 'ExecOptions', 'WorkerRegisterOptions']],
  ['workerpool', 'types/Pool.d.ts', ['Pool']],
  ['workerpool', 'types/Promise.d.ts', ['Promise']],
  ['workerpool', 'types/index.d.ts', []],
  ['piscina', 'dist/index.d.ts', ['Options', 'RunOptions', 'CloseOptions', 'Piscina']],
  ['tinypool', 'dist/index.d.ts', ['Options', 'RunOptions', 'Tinypool']],
  ['jest-worker', 'build/index.d.ts', ['WorkerFarmOptions', 'Worker_2']],
  ['worker-farm', 'index.d.ts', ['FarmOptions']],
])('all of %s in %s', (peer, file, types) => {
  const names = namesIn(join(workshop.folder, 'node_modules', peer, file), types);
  expect(names.size).toBeGreaterThan(2);
  const named = namedIn(['piscina', 'tinypool'].includes(peer) ? 'piscina and tinypool' : peer);
  const missing = [...names].filter(
    (name) => !INTERNAL.test(name) && !new RegExp(`\\b${name}\\b`).test(named),
  );
  expect(missing).toEqual([]);
});

describe('what was written for another pool runs', () => {
  const files = {
    'worker.mjs': 'export default ({ text }) => text.split(/\\s+/).length;',
    'transform.cjs': "exports.transform = (path) => path.replace('.js', '.min.js');",
    'child.cjs': `const { createHash } = require('node:crypto');
module.exports = (text, callback) => callback(null, createHash('sha1').update(text).digest('hex').slice(0, 8));`,
  };
  beforeAll(() => {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(workshop.folder, name), text);
  });

  test.concurrent.each(blocksFor('peer'))('$place', (block) => {
    const file = join(workshop.folder, `${nameOf(block)}.mjs`);
    writeFileSync(file, block.code);
    return runBlock(file, block);
  });
});
