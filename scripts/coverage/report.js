/** The figures, folder by folder, and the lines that nothing ran. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** @returns what is never run: for each file its ranges of lines, with the text of the first. */
export function printReport(root, lines) {
  const folders = new Map();
  const uncovered = {};
  for (const [file, known] of [...lines].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const missing = [...known].filter(([, isRun]) => !isRun).map(([line]) => line);
    const folder = dirname(file);
    const sum = folders.get(folder) ?? { lines: 0, run: 0 };
    sum.lines += known.size;
    sum.run += known.size - missing.length;
    folders.set(folder, sum);
    if (missing.length > 0) uncovered[file] = rangesOf(root, file, missing);
  }
  for (const [file, ranges] of Object.entries(uncovered)) {
    console.log(file);
    for (const { from, to, text } of ranges)
      console.log(`  ${from === to ? from : `${from}–${to}`}`.padEnd(12), text);
  }
  const total = { lines: 0, run: 0 };
  for (const [folder, sum] of folders) {
    total.lines += sum.lines;
    total.run += sum.run;
    console.log(`${folder.padEnd(28)} ${share(sum)}`);
  }
  console.log(`${'all'.padEnd(28)} ${share(total)}`);
  return { total, uncovered };
}

const share = ({ lines, run }) => `${((100 * run) / lines).toFixed(1)} % of ${lines} lines`;

function rangesOf(root, file, missing) {
  const texts = readFileSync(join(root, file), 'utf8').split('\n');
  const ranges = [];
  for (const line of missing.sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && line <= last.to + 1) last.to = line;
    else ranges.push({ from: line, to: line, text: texts[line - 1]?.trim() ?? '' });
  }
  return ranges;
}
