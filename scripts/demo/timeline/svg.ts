/** Draws the timeline: a row for each worker, time to the right. It knows spans and nothing of where they come from. */
import { mergeShort } from './merge.ts';
import type { Span } from './record.ts';

const WIDTH = 1200;
const LEFT = 90;
const RIGHT = 20;
const TOP = 76;
const ROW = 46;
const BAR = 32;

const looks: Readonly<Record<Span['kind'], { readonly fill: string; readonly meaning: string }>> = {
  start: { fill: '#c9ccd1', meaning: 'process starts' },
  task: { fill: '#4477aa', meaning: 'measures files' },
  crash: { fill: '#cc3311', meaning: 'crashed' },
  timeout: { fill: '#ee7733', meaning: 'did not return, was ended' },
};

export function timelineSvg(spans: readonly Span[], title: string): string {
  const begin = Math.min(...spans.map(({ from }) => from));
  const duration = Math.max(...spans.map(({ to }) => to)) - begin;
  const rows = Math.max(...spans.map(({ rank }) => rank)) + 1;
  const scale = (WIDTH - LEFT - RIGHT) / duration;
  const height = TOP + rows * ROW + 40;
  const visible = mergeShort(spans, 1.5 / scale).sort((a, b) => drawnLater(a) - drawnLater(b));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="13">`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    `<text x="${LEFT}" y="26" font-size="17" font-weight="600">${escapeXml(title)}</text>`,
    ...legend(),
    ...axis(duration, scale, rows),
    ...Array.from({ length: rows }, (_, rank) => rowLabel(rank)),
    ...visible.map((span) => bar(span, begin, scale)),
    '</svg>\n',
  ].join('\n');
}

/** Failures are few and matter most: nothing covers them. */
function drawnLater({ kind }: Span): number {
  return kind === 'crash' || kind === 'timeout' ? 1 : 0;
}

function bar({ kind, rank, from, to, label }: Span, begin: number, scale: number): string {
  const x = LEFT + (from - begin) * scale;
  const width = Math.max((to - from) * scale, drawnLater({ kind } as Span) ? 3 : 0.6);
  const y = TOP + rank * ROW + (ROW - BAR) / 2;
  const title = `<title>${escapeXml(label)}: ${Math.round(to - from)} ms</title>`;
  const rect = `<rect x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" fill="${looks[kind].fill}" stroke="#ffffff" stroke-width="0.3">${title}</rect>`;
  const name = label.split('/').at(-1) ?? label;
  if (width < name.length * 7 + 8) return rect;
  const colour = kind === 'start' ? '#333333' : '#ffffff';
  return `${rect}<text x="${(x + 5).toFixed(1)}" y="${y + BAR / 2 + 4}" font-size="11" fill="${colour}" pointer-events="none">${escapeXml(name)}</text>`;
}

function rowLabel(rank: number): string {
  return `<text x="${LEFT - 12}" y="${TOP + rank * ROW + ROW / 2 + 4}" text-anchor="end">worker ${rank}</text>`;
}

function legend(): string[] {
  let x = LEFT;
  return Object.values(looks).map(({ fill, meaning }) => {
    const entry = `<rect x="${x}" y="42" width="12" height="12" fill="${fill}"/><text x="${x + 18}" y="52">${meaning}</text>`;
    x += 40 + meaning.length * 7;
    return entry;
  });
}

function axis(duration: number, scale: number, rows: number): string[] {
  const step = tickStep(duration);
  const bottom = TOP + rows * ROW;
  const ticks: string[] = [];
  for (let at = 0; at <= duration; at += step) {
    const x = (LEFT + at * scale).toFixed(1);
    ticks.push(
      `<line x1="${x}" x2="${x}" y1="${TOP}" y2="${bottom}" stroke="#e5e5e5"/>` +
        `<text x="${x}" y="${bottom + 20}" text-anchor="middle">${Number((at / 1000).toFixed(3))} s</text>`,
    );
  }
  return ticks;
}

/** A round number of milliseconds that gives about ten marks. */
function tickStep(duration: number): number {
  const power = 10 ** Math.floor(Math.log10(duration / 10));
  return power * ([1, 2, 5, 10].find((factor) => factor * power * 12 >= duration) ?? 10);
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
