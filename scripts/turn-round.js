/**
 * Turns round each comparison of the pure decisions (`<` to `>=`, `===` to `!==`, `&&` to `||` and back), one at a
 * time, and says which of them no unit test notices. With `--limits` it also moves each limit by one: `<` to `<=`.
 *
 *   node scripts/turn-round.js [--limits] [lib/manager/scaling.ts …]
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import ts from 'typescript';
import config from '../jest.config.js';

const opposites = { '<': '>=', '<=': '>', '===': '!==', '&&': '||' };
const turned = { ...opposites, ...Object.fromEntries(Object.entries(opposites).map(([a, b]) => [b, a])) };
const moved = { '<': '<=', '<=': '<', '>': '>=', '>=': '>' };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { limits: { type: 'boolean', default: false } },
});
const files = positionals.length > 0 ? positionals : ['lib/manager/scaling.ts', 'lib/manager/recovery.ts'];

function* mutantsOf(text) {
  const source = ts.createSourceFile('', text, ts.ScriptTarget.Latest, true);
  const operators = [];
  (function visit(node) {
    if (ts.isBinaryExpression(node)) operators.push(node.operatorToken);
    ts.forEachChild(node, visit);
  })(source);
  for (const token of operators) {
    const [from, to] = [token.getStart(), token.getEnd()];
    const { line } = source.getLineAndCharacterOfPosition(from);
    for (const table of values.limits ? [turned, moved] : [turned]) {
      const other = table[token.getText()];
      if (other === undefined) continue;
      const around = text.slice(token.parent.getStart(), token.parent.getEnd()).replaceAll(/\s+/g, ' ');
      const name = `${line + 1}: ${token.getText()} to ${other} in ${around}`;
      yield { name, text: text.slice(0, from) + other + text.slice(to) };
    }
  }
}

/** Whether the unit tests of a file are content with a copy of it in its place. */
function isContent(file, copy) {
  const moduleNameMapper = {
    ...config.moduleNameMapper,
    [`${file.replace('lib', '').replaceAll('.', '\\.')}$`]: `<rootDir>/${copy}`,
  };
  const test = file.replace('lib', '__tests__').replace('.ts', '.test.ts');
  const order = ['node_modules/jest/bin/jest.js', '-i', '--bail', '--config'];
  const args = ['--experimental-vm-modules', ...order, JSON.stringify({ ...config, moduleNameMapper }), test];
  return spawnSync(process.execPath, args, { timeout: 120_000 }).status === 0;
}

for (const file of files) {
  const copy = file.replace('.ts', '.turned.ts');
  const text = readFileSync(file, 'utf8');
  try {
    writeFileSync(copy, text);
    if (!isContent(file, copy)) throw new Error(`the tests of ${file} fail as it is`);
    let count = 0;
    for (const mutant of mutantsOf(text)) {
      count += 1;
      writeFileSync(copy, mutant.text);
      if (!isContent(file, copy)) continue;
      console.log(`not noticed: ${file}:${mutant.name}`);
      process.exitCode = 1;
    }
    console.log(`${file}: ${count} comparisons turned round`);
  } finally {
    rmSync(copy, { force: true });
  }
}
