/** The outcome in words: a table of variant × Node.js, then each failure with its reason. It decides nothing. */

/** Characters of a reason. */
const REASON = 600;

/**
 * @typedef {{ cannot: string } | { passed: number, skipped: number, failures: { name: string, reason: string }[] }} Outcome
 */

/** @param {ReadonlyMap<string, ReadonlyMap<string, Outcome>>} rows variant → version of Node.js → outcome */
export function tableOf(rows) {
  const columns = [...new Set([...rows.values()].flatMap((row) => [...row.keys()]))];
  const lines = [
    ['', ...columns.map((version) => `Node.js ${version}`)],
    ...[...rows].map(([name, row]) => [name, ...columns.map((version) => cellOf(row.get(version)))]),
  ];
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => line[index + 1].length)));
  const first = Math.max(...lines.map(([name]) => name.length));
  return lines
    .map(([name, ...cells]) => [name.padEnd(first), ...cells.map((cell, i) => cell.padEnd(widths[i]))])
    .map((cells) => cells.join('  ').trimEnd())
    .join('\n');
}

/** One paragraph for each failure; a failure of several places is told once. */
export function failuresOf(rows) {
  const places = new Map();
  for (const [name, row] of rows) {
    for (const [version, { failures = [] }] of row) {
      for (const failure of failures) {
        const text = `${failure.name}\n    ${failure.reason.slice(0, REASON).replaceAll('\n', '\n    ')}`;
        places.set(text, [...(places.get(text) ?? []), `${name} on ${version}`]);
      }
    }
  }
  return [...places].map(([text, where]) => `✗ ${text}\n    in: ${where.join(', ')}`);
}

function cellOf(outcome) {
  if (outcome === undefined) return '';
  if ('cannot' in outcome) return `skipped: ${outcome.cannot}`;
  const { passed, skipped, failures } = outcome;
  return `${passed} passed, ${failures.length} failed, ${skipped} skipped`;
}
