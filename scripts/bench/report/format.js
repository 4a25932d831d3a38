/** Figures as text: three digits that count, thousands apart. Knows units, not scenarios. */

const scales = { MB: 1e6 };

export function formatValue(value, unit) {
  const scaled = value / (scales[unit] ?? 1);
  if (scaled >= 100) return Math.round(scaled).toLocaleString('en-US');
  return scaled.toPrecision(3);
}

export function formatWithUnit(value, unit) {
  return unit === '×' ? `${formatValue(value, unit)} ×` : `${formatValue(value, unit)} ${unit}`;
}

/** The median, and the spread where there is one. */
export function formatSummary({ median, min, max, count }, unit) {
  const middle = formatValue(median, unit);
  return count > 1 ? `${middle} (${formatValue(min, unit)}–${formatValue(max, unit)})` : middle;
}

export function formatRatio(ratio) {
  if (!Number.isFinite(ratio)) return '';
  return `${ratio >= 9.95 ? Math.round(ratio) : ratio.toPrecision(2)} ×`;
}
