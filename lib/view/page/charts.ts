/** The curves of the last ten minutes. */
import uPlot from 'uplot';
import type { Point } from '../aggregate/messages.ts';
import { themed } from './colours.ts';
import { h, setText } from './dom.ts';
import { clock } from './format.ts';
import type { Model } from './model.ts';

interface Curve {
  readonly name: string;
  /** Of the theme. */
  readonly colour: string;
  readonly value: (point: Point) => number | undefined;
  readonly isFilled?: boolean;
  readonly isDashed?: boolean;
}

export interface ChartSpec {
  readonly title: string;
  readonly hint: string;
  readonly curves: readonly Curve[];
  readonly format: (value: number | undefined) => string;
  /** What stands large beside the title: that of the first curve unless said. */
  readonly headline?: (model: Model) => string;
  /** The axis reaches this high at least. */
  readonly least: number;
}

interface Chart {
  readonly element: HTMLElement;
  update(model: Model): void;
  redraw(): void;
}

const HEIGHT = 84;
const SPAN = 600;

export function createChart(spec: ChartSpec): Chart {
  const headline = h('strong.figure', {}, '–');
  const legend = h('div.legend');
  const keys = spec.curves.map((curve) => {
    const value = h('span.value', {}, '–');
    const swatch = h(curve.isDashed ? 'i.line.dashed' : 'i.line');
    swatch.style.setProperty('--colour', `var(--${curve.colour})`);
    legend.append(h('span.key', {}, swatch, `${curve.name} `, value));
    return value;
  });
  const at = h('span.at');
  const plotBox = h('div.plot');
  const element = h(
    'section.chart',
    { title: spec.hint },
    h('header', {}, h('h3', {}, spec.title), headline),
    plotBox,
    h('footer', {}, legend, at),
  );
  let plot: uPlot | undefined;
  let points: readonly Point[] = [];
  let origin = 0;

  function say(index: number | null | undefined): void {
    const point = index === null || index === undefined ? points.at(-1) : points[index];
    for (const [n, curve] of spec.curves.entries())
      setText(keys[n] as HTMLElement, spec.format(point && curve.value(point)));
    setText(at, index === null || index === undefined || point === undefined ? '' : clock(origin + point.at));
  }

  function dataOf(): uPlot.AlignedData {
    const times = points.map((point) => (origin + point.at) / 1000);
    return [times, ...spec.curves.map(({ value }) => points.map((point) => value(point) ?? null))];
  }

  function create(): uPlot {
    const made = new uPlot(optionsOf(spec, plotBox.clientWidth || 200, say), dataOf(), plotBox);
    new ResizeObserver(() => made.setSize({ width: plotBox.clientWidth, height: HEIGHT })).observe(plotBox);
    return made;
  }

  return {
    element,
    update(model) {
      points = model.points;
      origin = model.host.timeOrigin;
      setText(headline, spec.headline?.(model) ?? spec.format(latest(points, spec.curves[0])));
      if (plot === undefined) plot = create();
      else plot.setData(dataOf());
      const end = (origin + (points.at(-1)?.at ?? model.now)) / 1000;
      plot.setScale('x', {
        min: Math.max(end - SPAN, Math.min(end - 60, (points[0]?.at ?? 0) / 1000 + origin / 1000)),
        max: end,
      });
      say(plot.cursor.idx);
    },
    redraw: () => plot?.redraw(false, true),
  };
}

function latest(points: readonly Point[], curve: Curve | undefined): number | undefined {
  const last = points.at(-1);
  return last && curve?.value(last);
}

function optionsOf(
  spec: ChartSpec,
  width: number,
  say: (index: number | null | undefined) => void,
): uPlot.Options {
  const axis = {
    stroke: () => themed('quiet'),
    grid: { stroke: () => themed('grid'), width: 1 },
    ticks: { show: false },
  };
  const font = '10px system-ui, sans-serif';
  return {
    width,
    height: HEIGHT,
    padding: [4, 2, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { setScale: false, x: false }, sync: { key: 'loky' } },
    scales: { y: { range: (_, __, max) => [0, Math.max(spec.least, (max ?? 0) * 1.1)] } },
    hooks: { setCursor: [({ cursor }) => say(cursor.idx)] },
    axes: [
      {
        ...axis,
        font,
        size: 16,
        gap: 2,
        space: 60,
        values: (_, times) => times.map((time) => clock(time * 1000).slice(0, time % 60 === 0 ? 5 : 8)),
      },
      {
        ...axis,
        font,
        size: 40,
        gap: 3,
        space: 26,
        values: (_, values) => values.map((value) => (value === 0 ? '' : spec.format(value))),
      },
    ],
    series: [
      {},
      ...spec.curves.map(
        ({ colour, isFilled, isDashed }): uPlot.Series => ({
          stroke: () => themed(colour),
          width: 1.5,
          spanGaps: false,
          points: { show: false },
          ...(isDashed && { dash: [4, 3] }),
          ...(isFilled && { fill: () => `${themed(colour)}33` }),
        }),
      ),
    ],
  };
}
