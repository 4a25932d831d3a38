/** Which lines of lib/ ran in the process of jest, as its own report tells: a statement for each line. */
import { existsSync, readFileSync } from 'node:fs';

/** @returns {[file: string, lines: number[]][]} */
export function linesOfJest(root, report) {
  if (!existsSync(report)) return [];
  return Object.values(JSON.parse(readFileSync(report, 'utf8'))).map(({ path, s, statementMap }) => [
    path.slice(root.length + 1),
    Object.keys(s)
      .filter((key) => s[key] > 0)
      .map((key) => statementMap[key].start.line),
  ]);
}
