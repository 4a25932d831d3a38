/** The report as text in columns. */
import { formatWithUnit } from './format.js';
import { judge } from './goals.js';
import { tableOf } from './view.js';

function printTable(head, rows) {
  const lines = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  for (const line of lines) {
    const cells = line.map((cell, column) =>
      column === 0 || column === head.length - 1
        ? cell.padEnd(widths[column])
        : cell.padStart(widths[column]),
    );
    console.log(`  ${cells.join('  ').trimEnd()}`);
  }
}

export function printScenario(scenario, results) {
  const table = tableOf(results, scenario);
  if (!table) return;
  console.log(`\n${scenario.title} (${scenario.name})`);
  printTable(table.head, table.rows);
}

export function printGoals(results) {
  const judged = judge(results).filter(({ value }) => value !== undefined);
  if (judged.length === 0) return;
  console.log('\nGoals');
  const rows = judged.map(({ title, unit, sign, limit, value, met }) => [
    title,
    formatWithUnit(value, unit),
    `${sign} ${formatWithUnit(limit, unit)}`,
    met ? 'met' : 'NOT MET',
  ]);
  printTable(['', 'measured', 'goal', ''], rows);
}
