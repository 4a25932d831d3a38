/** Draws the series of a soak as an SVG: one small chart each, readable on a light and on a dark background. */

const WIDTH = 720;
const ROW = 70;
const LEFT = 190;
const RIGHT = 90;
const HEAD = 60;
/** In the middle between black and white: it stands out from both. */
const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #6e7781 }
  .title { font-weight: 600 }
  .line { fill: none; stroke: #0969da; stroke-width: 1.5 }
  .base { stroke: #8c959f; stroke-opacity: 0.5 }
  @media (prefers-color-scheme: dark) { text { fill: #b1bac4 } .line { stroke: #58a6ff } }`;

export function drawChart({ title, subtitle, samples, series }) {
  const height = HEAD + series.length * ROW + 30;
  const last = samples.at(-1)?.second ?? 1;
  const x = (second) => LEFT + (second / Math.max(1, last)) * (WIDTH - LEFT - RIGHT);
  const rows = series.map((each, index) => drawRow(each, samples, x, HEAD + index * ROW));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeXml(title)}">
<style>${STYLE}
</style>
<text class="title" x="16" y="24">${escapeXml(title)}</text>
<text x="16" y="44">${escapeXml(subtitle)}</text>
${rows.join('\n')}
<text x="${LEFT}" y="${height - 8}">0</text>
<text x="${WIDTH - RIGHT}" y="${height - 8}" text-anchor="end">${(last / 60).toFixed(last < 600 ? 1 : 0)} minutes</text>
</svg>
`;
}

/** Each starts at zero: what looks flat is flat. */
function drawRow({ key, label, unit, scale, verdict }, samples, x, top) {
  const most = Math.max(1, ...samples.map((sample) => sample[key]));
  const [low, high] = [top + ROW - 12, top + 12];
  const y = (value) => low - (value / most) * (low - high);
  const points = samples.map((sample) => `${x(sample.second).toFixed(1)},${y(sample[key]).toFixed(1)}`);
  const inUnit = (value) => `${Math.round(value / scale)}${unit === '' ? '' : ` ${unit}`}`;
  const middle = (low + high) / 2;
  return [
    `<text x="16" y="${middle - 3}">${escapeXml(label)}</text>`,
    `<text x="16" y="${middle + 14}">${verdict.flat ? 'flat' : 'grows'}</text>`,
    `<line class="base" x1="${LEFT}" y1="${low}" x2="${WIDTH - RIGHT}" y2="${low}"/>`,
    `<polyline class="line" points="${points.join(' ')}"/>`,
    `<text x="${WIDTH - RIGHT + 8}" y="${high + 5}">${inUnit(most)}</text>`,
    `<text x="${WIDTH - RIGHT + 8}" y="${low + 4}">0</text>`,
  ].join('\n');
}

const escapeXml = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
