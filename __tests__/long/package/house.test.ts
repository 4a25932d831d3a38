/** How the code is laid out: short functions, no file that only passes on, no export that nothing imports. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import ts from 'typescript';

const LONGEST_FUNCTION = 70;

const filesOf = (folder: string): ts.SourceFile[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name))
    .map((path) => ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true));

const files = ['lib', 'workers'].flatMap(filesOf);

function visit(node: ts.Node, look: (node: ts.Node) => boolean | undefined): void {
  if (look(node) !== false) ts.forEachChild(node, (child) => visit(child, look));
}

const isFunction = (node: ts.Node): node is ts.FunctionLikeDeclaration =>
  ts.isFunctionLike(node) && (node as ts.FunctionLikeDeclaration).body !== undefined;

/** The lines of a function that are code of its own: not those of functions in it, of comments, and empty ones. */
function ownLines(fn: ts.Node, file: ts.SourceFile): number {
  const lineOf = (at: number): number => file.getLineAndCharacterOfPosition(at).line;
  const lines = new Set<number>();
  visit(fn, (node) => {
    lines.add(lineOf(node.getStart()));
    lines.add(lineOf(node.getEnd()));
    return node === fn || !isFunction(node);
  });
  return lines.size;
}

test('functions are short', () => {
  const long: string[] = [];
  for (const file of files)
    visit(file, (node) => {
      const lines = isFunction(node) ? ownLines(node, file) : 0;
      if (lines > LONGEST_FUNCTION) long.push(`${file.fileName}: ${lines} lines`);
      return true;
    });
  expect(long).toEqual([]);
});

test('no file only passes on, but for entries of the build', () => {
  const build = readFileSync('scripts/build.js', 'utf8');
  const passesOn = ({ statements }: ts.SourceFile): boolean =>
    statements.every((each) => ts.isImportDeclaration(each) || ts.isExportDeclaration(each));
  const found = files.filter(passesOn).map(({ fileName }) => fileName);
  expect(found.filter((path) => !build.includes(`'${path}'`))).toEqual([]);
});

describe('exports', () => {
  /** What is imported of each file, by its path. `*` for all of it. */
  const imported = new Map<string, Set<string>>();

  function note(from: ts.SourceFile, specifier: ts.Node | undefined, names: readonly string[]): void {
    if (specifier === undefined || !ts.isStringLiteralLike(specifier)) return;
    const path = normalize(join(from.fileName, '..', specifier.text));
    const known = imported.get(path) ?? new Set();
    for (const name of names) known.add(name);
    imported.set(path, known);
  }

  const namesIn = (elements: ts.NodeArray<ts.ImportSpecifier | ts.ExportSpecifier>): string[] =>
    elements.map(({ propertyName, name }) => (propertyName ?? name).text);

  for (const file of [...files, ...filesOf('__tests__')])
    visit(file, (node) => {
      if (ts.isImportDeclaration(node)) {
        const bindings = node.importClause?.namedBindings;
        const isNamed = bindings !== undefined && ts.isNamedImports(bindings);
        note(file, node.moduleSpecifier, isNamed ? namesIn(bindings.elements) : ['*']);
      } else if (ts.isExportDeclaration(node)) {
        const clause = node.exportClause;
        note(
          file,
          node.moduleSpecifier,
          clause && ts.isNamedExports(clause) ? namesIn(clause.elements) : ['*'],
        );
      } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
        note(file, node.argument.literal, [node.qualifier?.getText() ?? '*']);
      } else if (ts.isCallExpression(node)) note(file, node.arguments[0], ['*']);
      return true;
    });

  const isExported = (node: ts.Statement): boolean =>
    ts.canHaveModifiers(node) &&
    ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true;

  function namesOf(node: ts.Statement): string[] {
    if (!ts.isVariableStatement(node))
      return [(node as ts.DeclarationStatement).name?.getText() ?? 'default'];
    const names = node.declarationList.declarations.map(({ name }) => name);
    return names.flatMap((name) =>
      ts.isObjectBindingPattern(name) ? name.elements.map((each) => each.name.getText()) : name.getText(),
    );
  }

  test('are imported', () => {
    const dead: string[] = [];
    for (const { fileName, statements } of files) {
      const known = imported.get(fileName);
      // Entries of the build, and what the build puts in the place of globals.
      if (known === undefined || known.has('*')) continue;
      for (const name of statements.filter(isExported).flatMap(namesOf))
        if (!known.has(name)) dead.push(`${fileName}: ${name}`);
    }
    expect(dead).toEqual([]);
  });
});
