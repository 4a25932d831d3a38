/** Draws how long /health took, over time, once for each run. Waits differ by powers of ten: so does the axis. */
import { milliseconds } from '../text.js';
import { escapeHtml, percentOf, ticks, timeAxis } from './html.js';

const SIZE = 1000;
const colours = ['here', 'pool'];

export function latencyCurves(runs) {
  const points = runs.flatMap(({ healths }) => healths);
  const duration = Math.max(...points.map(({ at }) => at));
  const [low, high] = powersAround(points.map(({ took }) => took));
  const up = (took) => (Math.log10(took) - low) / (high - low);
  const powers = Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index));
  const x = (at) => ((SIZE * at) / duration).toFixed(1);
  const y = (took) => (SIZE * (1 - up(took))).toFixed(1);
  const grid = [
    ...powers.map((power) => `<line class="grid" x1="0" x2="${SIZE}" y1="${y(power)}" y2="${y(power)}"/>`),
    ...ticks(duration / 1000, 5).map(
      (s) => `<line class="grid" x1="${x(s * 1000)}" x2="${x(s * 1000)}" y1="0" y2="${SIZE}"/>`,
    ),
  ];
  const curves = runs.map(({ healths }, index) => {
    const line = healths.map(({ at, took }) => `${x(at)},${y(took)}`).join(' ');
    return `<polyline class="curve ${colours[index]}" points="${line}"/>`;
  });
  return `<figure id="latency">
<figcaption>What a visitor waits for <code>/health</code>, by when it was asked (logarithmic)
<div class="keys">${runs.map(({ label }, index) => `<span><i class="key ${colours[index]}"></i>searches ${escapeHtml(label)}</span>`).join('')}</div></figcaption>
<div class="plot">
<div class="axis up">${powers.map((power) => `<span style="bottom:${percentOf(up(power), 1)}">${labelOf(power)}</span>`).join('')}</div>
<div class="area"><svg viewBox="0 0 ${SIZE} ${SIZE}" preserveAspectRatio="none" role="img" aria-label="${escapeHtml(altOf(runs))}">
${[...grid, ...curves].join('\n')}
</svg></div>
${timeAxis(duration)}
<div class="name">time since the visitors came</div>
</div>
</figure>`;
}

function powersAround(values) {
  return [Math.floor(Math.log10(Math.min(...values))), Math.ceil(Math.log10(Math.max(...values)))];
}

function labelOf(power) {
  return power >= 1000 ? `${power / 1000} s` : `${power} ms`;
}

function altOf(runs) {
  return runs
    .map(
      ({ label, p50, p99 }) => `${label}: median ${milliseconds(p50)}, 99 of 100 within ${milliseconds(p99)}`,
    )
    .join('; ');
}
