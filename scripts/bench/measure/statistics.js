/** Middles and spreads of small samples. */

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** `{ median, min, max, count }` of what is a number. */
export function summary(values) {
  const numbers = values.filter(Number.isFinite);
  if (numbers.length === 0) return undefined;
  return {
    median: median(numbers),
    min: Math.min(...numbers),
    max: Math.max(...numbers),
    count: numbers.length,
  };
}
