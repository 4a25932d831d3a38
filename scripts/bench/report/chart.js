/** The report as a chart: one panel a figure, one bar a library, drawn as plain SVG for light and dark pages. */
import { findScenario } from '../scenarios/index.js';
import { formatWithUnit } from './format.js';

const panels = [
  ['burst-20k', 'rate'],
  ['round-trip', 'mean'],
  ['buffer-100k', 'ms'],
  ['buffer-10m', 'ms'],
  ['object-1e5', 'ms'],
  ['first-result', 'created'],
  ['death-seen', 'ms'],
  ['next-after-kill', 'ms'],
];

const COLUMNS = 2;
const WIDTH = 475;
const LABELS = 165;
const VALUES = 90;
const ROW = 20;
const TITLE = 34;
const GAP = 24;

/** What is longer than so many times the shortest is cut, or the short ones could not be seen. */
const CUT = 12;

const style = `
  text { font: 12px system-ui, sans-serif; fill: #333; }
  .title { font-weight: 600; font-size: 13px; }
  .ours { fill: #0a7d54; } .process { fill: #8fa3b8; } .threads { fill: #b99b6b; }
  .python { fill: #a58fb8; } .floor { fill: #d5dbe1; } .cut { stroke: #fff; stroke-width: 3; }
  @media (prefers-color-scheme: dark) {
    text { fill: #ddd; } .floor { fill: #4a525a; } .cut { stroke: #0d1117; }
  }`;

const escapeText = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

function barsOf(results, scenario, key) {
  const { better } = scenario.metrics[key];
  const bars = Object.entries(results.libraries).flatMap(([lib, library]) => {
    const entry = results.scenarios[scenario.name]?.[lib];
    const value = entry?.metrics[key]?.median;
    const isFloor = library.kind === 'floor';
    if (!entry || (isFloor && value === undefined)) return [];
    // The floor's rate, without any executor, would hide everything else.
    if (isFloor && better === 'higher') return [];
    const failed = value === undefined || entry.status === 'wrong';
    return [{ ...library, value: failed ? undefined : value, status: entry.status }];
  });
  const order = ({ value = Number.POSITIVE_INFINITY }) => (better === 'lower' ? value : -value);
  const measured = bars.filter(({ value }) => value !== undefined).sort((a, b) => order(a) - order(b));
  return [...measured, ...bars.filter(({ value }) => value === undefined)];
}

function drawBar({ label, kind, value, status }, row, longest, unit) {
  const y = TITLE + row * ROW;
  const name = `<text x="${LABELS - 8}" y="${y + 12}" text-anchor="end">${escapeText(label)}</text>`;
  if (value === undefined) return `${name}\n<text x="${LABELS}" y="${y + 12}">${escapeText(status)}</text>`;
  const width = Math.max(1, (Math.min(value, longest) / longest) * (WIDTH - LABELS - VALUES));
  const end = LABELS + width;
  const cut = value > longest ? `<path class="cut" d="M${end - 12} ${y + 16}l6 -16"/>` : '';
  return `${name}
<rect class="${kind}" x="${LABELS}" y="${y + 1}" width="${width.toFixed(1)}" height="${ROW - 6}" rx="2"/>${cut}
<text x="${(end + 6).toFixed(1)}" y="${y + 12}">${formatWithUnit(value, unit)}</text>`;
}

function drawPanel(results, [name, key]) {
  const scenario = findScenario(name);
  const { unit, better } = scenario.metrics[key];
  const bars = barsOf(results, scenario, key);
  const values = bars.map(({ value }) => value).filter((value) => value !== undefined);
  if (values.length === 0) return undefined;
  const longest =
    better === 'lower' ? Math.min(Math.max(...values), CUT * Math.min(...values)) : Math.max(...values);
  const hint = better === 'lower' ? 'shorter is better' : 'longer is better';
  const body = [
    `<text class="title" x="0" y="18">${escapeText(scenario.title)} <tspan font-weight="400">(${unit}, ${hint})</tspan></text>`,
    ...bars.map((bar, row) => drawBar(bar, row, longest, unit)),
  ];
  return { body: body.join('\n'), height: TITLE + bars.length * ROW };
}

export function toSvg(results) {
  const drawn = panels.map((panel) => drawPanel(results, panel)).filter(Boolean);
  let y = GAP;
  const placed = [];
  for (let index = 0; index < drawn.length; index += COLUMNS) {
    const row = drawn.slice(index, index + COLUMNS);
    row.forEach(({ body }, column) => {
      placed.push(`<g transform="translate(${GAP + column * (WIDTH + GAP)} ${y})">\n${body}\n</g>`);
    });
    y += Math.max(...row.map(({ height }) => height)) + GAP;
  }
  const width = GAP + COLUMNS * (WIDTH + GAP);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y}" width="${width}" height="${y}">
<style>${style}
</style>
${placed.join('\n')}
</svg>
`;
}
