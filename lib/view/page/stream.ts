/** Draws what one worker did in the last minute on a canvas, and finds what lies under a point. */
import { type Mark, markKinds, type RunningTask, type Slice, sliceKinds } from '../aggregate/messages.ts';
import { colourOf, themed } from './colours.ts';
import { STREAM } from './model.ts';
import { placesOf } from './tracks.ts';

export interface LaneContent {
  readonly slices: readonly Slice[];
  readonly marks: readonly Mark[];
  readonly running: readonly RunningTask[];
  /** The host's time at the right edge. */
  readonly now: number;
  /** What the keyboard or the pointer is at. */
  readonly chosen: Slice | undefined;
}

const FAILED = sliceKinds.indexOf('failed');
const CRASHED = sliceKinds.indexOf('crashed');
const START = sliceKinds.indexOf('start');

export function drawLane(canvas: HTMLCanvasElement, content: LaneContent): void {
  const { clientWidth: width, clientHeight: height } = canvas;
  if (width === 0) return;
  const scale = devicePixelRatio;
  if (canvas.width !== Math.round(width * scale)) canvas.width = Math.round(width * scale);
  if (canvas.height !== Math.round(height * scale)) canvas.height = Math.round(height * scale);
  const context = canvas.getContext('2d');
  if (context === null) return;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  drawGrid(context, width, height);
  const perMs = width / STREAM;
  const xOf = (time: number): number => width - (content.now - time) * perMs;
  const { chosen } = content;
  const places = placesOf(content);
  const band = (height - 2 * TOP) / places.count;
  for (const slice of content.slices)
    drawSlice(context, slice, xOf(slice[1]), perMs, { top: TOP + slice[8] * band, height: band });
  for (const { task, track } of places.running) {
    const x = Math.max(0, xOf(task.since));
    drawRunning(context, task, x, width - x, { top: TOP + track * band, height: band });
  }
  for (const [, at, kind] of content.marks) drawMark(context, kind, xOf(at), height);
  if (chosen !== undefined) {
    context.strokeStyle = themed('text');
    context.lineWidth = 2;
    const top = TOP + chosen[8] * band - 3;
    context.strokeRect(xOf(chosen[1]) - 1, top, Math.max(3, chosen[2] * perMs) + 2, band + 6);
  }
}

function drawGrid(context: CanvasRenderingContext2D, width: number, height: number): void {
  context.fillStyle = themed('grid');
  for (let part = 1; part < 6; part += 1) context.fillRect(Math.round((width * part) / 6), 0, 1, height);
}

const TOP = 4;

/** The part of a lane that tasks of one track have. */
interface Band {
  readonly top: number;
  readonly height: number;
}

function drawSlice(
  context: CanvasRenderingContext2D,
  [, , duration, fn, kind, count, busy]: Slice,
  x: number,
  perMs: number,
  band: Band,
): void {
  const width = Math.max(1, duration * perMs - (duration * perMs > 4 ? 0.5 : 0));
  if (x + width < 0) return;
  const bottom = band.top + band.height;
  if (kind === START) {
    stripes(context, x, bottom - 7, width, 7, themed('quiet'));
    return;
  }
  // Of several brief tasks, the height says how busy the time was.
  const share = count > 1 && duration > 0 ? Math.min(1, Math.max(0.3, busy / duration)) : 1;
  context.fillStyle = kind === CRASHED ? themed('bad') : colourOf(fn);
  context.fillRect(x, bottom - band.height * share, width, band.height * share);
  if (kind === FAILED) {
    const mark = Math.min(5, band.height / 2);
    context.fillStyle = themed('bad');
    context.fillRect(x, bottom - mark, Math.max(2, width), mark);
  } else if (kind > FAILED && kind < START && kind !== CRASHED)
    stripes(context, x, band.top, width, band.height, themed('bad'));
}

/** Its right end is open: it has not come to its end. */
function drawRunning(
  context: CanvasRenderingContext2D,
  { fn, loading }: RunningTask,
  x: number,
  width: number,
  { top, height }: Band,
): void {
  if (loading !== undefined) {
    stripes(context, x, top, width, height, themed('quiet'));
    return;
  }
  context.globalAlpha = 0.75;
  context.fillStyle = colourOf(fn);
  context.fillRect(x, top, Math.max(1, width), height);
  context.globalAlpha = 1;
}

function stripes(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  width: number,
  height: number,
  colour: string,
): void {
  context.save();
  context.beginPath();
  context.rect(x, y, Math.max(1.5, width), height);
  context.clip();
  context.strokeStyle = colour;
  context.lineWidth = 2;
  context.beginPath();
  for (let at = Math.max(x, 0) - height; at < x + width + 2; at += 5) {
    context.moveTo(at, y + height);
    context.lineTo(at + height, y);
  }
  context.stroke();
  context.restore();
}

export const markSigns = { crashed: '✕', killed: '■', recycled: '↻', left: '·' } as const;

function drawMark(context: CanvasRenderingContext2D, kind: number, x: number, height: number): void {
  const name = markKinds[kind];
  if (name === undefined || x < -8) return;
  const isBad = name === 'crashed' || name === 'killed';
  const colour = isBad ? themed('bad') : name === 'recycled' ? themed('warn') : themed('quiet');
  if (name === 'left') {
    context.fillStyle = colour;
    context.fillRect(x - 1, TOP, 2, height - 2 * TOP);
    return;
  }
  const middle = height / 2;
  context.fillStyle = themed('ground');
  context.beginPath();
  context.arc(x, middle, 8.5, 0, 2 * Math.PI);
  context.fill();
  context.strokeStyle = colour;
  context.fillStyle = colour;
  context.lineWidth = 1.5;
  context.stroke();
  context.font = '700 11px system-ui, sans-serif';
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillText(markSigns[name], x, middle + 0.5);
}

export interface Found {
  readonly mark?: Mark;
  readonly slice?: Slice;
  readonly running?: RunningTask;
}

/** What lies at a point of a lane of this size: a mark before a task. */
export function findAt(
  content: LaneContent,
  { x, y }: { readonly x: number; readonly y: number },
  { width, height }: { readonly width: number; readonly height: number },
): Found {
  const { marks, now } = content;
  const perMs = width / STREAM;
  const time = now - (width - x) / perMs;
  const near = 3 / perMs;
  const mark = marks.findLast(
    ([, at, kind]) => kind !== markKinds.indexOf('left') && Math.abs(at - time) <= 9 / perMs,
  );
  if (mark !== undefined) return { mark };
  const places = placesOf(content);
  const share = (y - TOP) / Math.max(1, height - 2 * TOP);
  const track = Math.min(places.count - 1, Math.max(0, Math.floor(share * places.count)));
  const running = places.running.find((each) => each.track === track)?.task;
  if (running !== undefined && time >= running.since) return { running };
  const slices = content.slices.filter((slice) => slice[8] === track);
  const slice =
    slices.findLast(([, from, duration]) => time >= from && time <= from + duration) ??
    slices.findLast(([, from, duration]) => time >= from - near && time <= from + duration + near);
  return slice === undefined ? {} : { slice };
}
