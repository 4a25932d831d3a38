/** The outcome in words: a line for each build, and each problem with its reason. It decides nothing. */

/** Characters of a reason. */
const REASON = 900;

/** @typedef {import('./matrix.js').Row} Row */

/** @param {readonly Row[]} rows */
export function summaryOf(rows) {
  const width = Math.max(...rows.map(({ variant }) => variant.length));
  return rows
    .map(({ variant, major, cannot, reports }) =>
      [variant.padEnd(width), `Node.js ${major}`, cannot ?? countsOf(reports)].join('  '),
    )
    .join('\n');
}

function countsOf(reports) {
  const counts = new Map();
  for (const { became } of reports) counts.set(became, (counts.get(became) ?? 0) + 1);
  return [...counts].map(([became, count]) => `${count} ${became}`).join(', ');
}

/** One paragraph for each; what is a problem in several builds is one. */
export function problemsOf(rows, fine = ['same', 'refused', 'skipped']) {
  const places = new Map();
  for (const { variant, major, reports } of rows) {
    for (const { of, name, became, reason = '' } of reports) {
      if (fine.includes(became)) continue;
      const text = `${became}: ${of}: ${name}\n    ${reason.slice(0, REASON).replaceAll('\n', '\n    ')}`;
      places.set(text, [...(places.get(text) ?? []), `${variant} on ${major}`]);
    }
  }
  return [...places].map(([text, where]) => `✗ ${text}\n    in: ${where.join(', ')}`);
}
