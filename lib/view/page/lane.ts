/** The stream of one worker: pointer and arrow keys show what lies in it. */
import { type Mark, markKinds, type RunningTask, type Slice, sliceKinds } from '../aggregate/messages.ts';
import { h } from './dom.ts';
import { clock, duration } from './format.ts';
import { functionName, type Model, STREAM } from './model.ts';
import { drawLane, type Found, findAt, type LaneContent, markSigns } from './stream.ts';
import type { Tip } from './tip.ts';

/** @param row Which worker's it is. */
export function createLane(row: number, tip: Tip) {
  const element = h('canvas.lane', { tabindex: 0, role: 'img' });
  let shown: { readonly model: Model; readonly content: LaneContent } | undefined;
  let chosen: Slice | undefined;

  const leave = (): void => {
    chosen = undefined;
    tip.hide();
  };
  element.addEventListener('pointerleave', leave);
  element.addEventListener('blur', leave);
  element.addEventListener('pointermove', ({ offsetX: x, offsetY: y, clientX, clientY }) => {
    if (shown === undefined) return;
    const { model, content } = shown;
    const found = findAt(content, { x, y }, { width: element.clientWidth, height: element.clientHeight });
    chosen = found.slice;
    const lines = linesOfTip(model, content.now, found);
    if (lines === undefined) tip.hide();
    else tip.show(lines, clientX, clientY);
  });
  element.addEventListener('keydown', (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === 'Escape') leave();
    if (step === undefined || shown === undefined) return;
    event.preventDefault();
    const { slices, now } = shown.content;
    if (slices.length === 0) return;
    const at = chosen === undefined ? slices.length : slices.indexOf(chosen);
    const next = slices[Math.min(slices.length - 1, Math.max(0, at + step))] as Slice;
    chosen = next;
    const box = element.getBoundingClientRect();
    const x = box.right - ((now - next[1] - next[2] / 2) * box.width) / STREAM;
    tip.show(linesOfTip(shown.model, now, { slice: next }) ?? [], Math.max(box.left, x), box.bottom);
  });

  return {
    element,
    draw(model: Model, now: number, running: readonly RunningTask[]): void {
      const [slices, marks] = [model.slices.get(row) ?? [], model.marks.get(row) ?? []];
      const content: LaneContent = { slices, marks, running, now, chosen };
      shown = { model, content };
      drawLane(element, content);
    },
  };
}

/** What a task that runs does, and for how long. */
export function doing({ loading, since }: RunningTask, now: number): string {
  const what = loading === undefined ? 'runs' : `loads ${loading}`;
  return `${what} for ${duration(Math.max(0, now - since))}`;
}

function linesOfTip(model: Model, now: number, { mark, slice, running }: Found): string[] | undefined {
  const { timeOrigin } = model.host;
  if (mark !== undefined) return tipOfMark(mark, timeOrigin);
  if (running !== undefined) {
    const { name, id, progress } = running;
    return [
      name,
      `task ${id}, ${doing(running, now)}`,
      ...(progress === undefined ? [] : [`progress ${progress.text}`]),
    ];
  }
  if (slice === undefined) return undefined;
  const [, from, length, fn, kind, count, busy, id] = slice;
  const outcome = sliceKinds[kind] ?? '';
  const at = `${clock(timeOrigin + from)}, ${duration(length)}`;
  if (outcome === 'start') return ['The worker started', at];
  if (count === 1) return [functionName(model, fn), `${at}, ${outcome}`, ...(id > 0 ? [`task ${id}`] : [])];
  return [
    `${count} brief tasks, mostly ${functionName(model, fn)}`,
    `${at}, busy for ${duration(busy)}`,
    outcome === 'failed' ? 'at least one failed' : outcome,
  ];
}

function tipOfMark([, at, kind, pid, why]: Mark, timeOrigin: number): string[] {
  const name = markKinds[kind];
  const sign = name === undefined ? '' : markSigns[name];
  return [`${sign} ${name}: ${why}`, `${clock(timeOrigin + at)}${pid === 0 ? '' : `, pid ${pid}`}`];
}
