/** Figures as people read them, and columns of them. */

export function count(n) {
  return Math.round(n).toLocaleString('en');
}

export function milliseconds(ms) {
  if (ms >= 10_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`;
  return ms >= 10 ? `${Math.round(ms)} ms` : `${ms.toFixed(1)} ms`;
}

export function seconds(ms) {
  return `${(ms / 1000).toFixed(2)} s`;
}

export function megabytes(bytes) {
  return bytes >= 1e7 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

export function percent(share) {
  return `${Math.round(share * 100)} %`;
}

export function times(factor) {
  return `${factor >= 20 ? Math.round(factor) : factor.toFixed(factor >= 10 ? 1 : 2)} ×`;
}

/** Rows of cells as indented lines; the first column is aligned to the left, figures to the right. */
export function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => {
    const cells = row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]),
    );
    return `   ${cells.join('   ')}`.trimEnd();
  });
}
