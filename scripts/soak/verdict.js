/** Whether a series is flat: a straight line through its second half, which the start has nothing to do with. */

/** Slope for each second, and the mean. */
export function lineThrough(points) {
  const meanX = mean(points.map(([x]) => x));
  const meanY = mean(points.map(([, y]) => y));
  let [above, below] = [0, 0];
  for (const [x, y] of points) {
    above += (x - meanX) * (y - meanY);
    below += (x - meanX) ** 2;
  }
  return { slope: below === 0 ? 0 : above / below, mean: meanY };
}

/**
 * @param series `share` and `slack`: growth over the second half that is noise, as a share of the mean and at least.
 * @returns `growth` over the second half by the line, and whether that is nothing.
 */
export function judge(samples, { key, share, slack }) {
  const half = samples.slice(Math.floor(samples.length / 2));
  const { slope, mean } = lineThrough(half.map((sample) => [sample.second, sample[key]]));
  const growth = slope * ((half.at(-1)?.second ?? 0) - (half[0]?.second ?? 0));
  const allowed = Math.max(mean * share, slack);
  return { key, mean, growth, allowed, flat: growth <= allowed };
}

/** The means of the first and of the last quarter of a series, for readers: the first one has the start in it. */
export function quartersOf(samples, key) {
  const length = Math.ceil(samples.length / 4);
  const meanOf = (part) => mean(part.map((sample) => sample[key]));
  return { first: meanOf(samples.slice(0, length)), last: meanOf(samples.slice(-length)) };
}

const mean = (numbers) => numbers.reduce((sum, number) => sum + number, 0) / Math.max(1, numbers.length);
