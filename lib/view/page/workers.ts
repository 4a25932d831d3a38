/** The rows of workers, each with its stream. */
import { ROWS } from '../../observing/trace-format.ts';
import {
  type Mark,
  markKinds,
  type RunningTask,
  type Slice,
  sliceKinds,
  type WorkerRow,
} from '../aggregate/messages.ts';
import type { Act } from './acting.ts';
import { colourOf } from './colours.ts';
import { factList, h, keyedItems, setClass, setText } from './dom.ts';
import { amount, bytes, clock, duration, percent } from './format.ts';
import { functionName, type Line, linesOf, type Model } from './model.ts';
import { drawLane, type Found, findAt, type LaneContent, markSigns } from './stream.ts';
import type { Tip } from './tip.ts';

/** Milliseconds of one frame in which streams are drawn: the reader's scrolling comes between. */
const DRAWING = 5;
/** In milliseconds: how long a briefer task has run cannot be read before it is over. */
const BRIEF = 50;

interface WorkersTable {
  readonly element: HTMLElement;
  update(model: Model): void;
  /**
   * Draws the streams in sight, or some of them, and the others when it is called again.
   *
   * @param now The host's time at the right edge.
   */
  draw(now: number): void;
}

interface Row {
  readonly element: HTMLElement;
  update(model: Model, line: Line): void;
  draw(model: Model, now: number): void;
}

export function createWorkers(tip: Tip, act: Act): WorkersTable {
  const visible = new WeakSet<Element>();
  const observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries)
      if (isIntersecting) visible.add(target);
      else visible.delete(target);
  });
  const body = h('div.rows');
  const rows = keyedItems(
    body,
    ({ row }: Line) => row,
    (line) => {
      const row = createRow(line.row, tip, act);
      observer.observe(row.element);
      return row;
    },
  );
  const empty = h('p.empty', {}, 'There is no worker: the next task starts one.');
  const axis = h('div.axis', { 'aria-hidden': 'true' });
  for (const seconds of [60, 50, 40, 30, 20, 10, 0])
    axis.append(h('span', {}, seconds === 0 ? 'now' : `−${seconds} s`));
  const head = h(
    'div.head',
    {},
    h('span', {}, 'Worker'),
    h('span', {}, 'Runs'),
    h('span', {}, 'Memory · CPU · done'),
    axis,
  );
  let model: Model | undefined;
  let lines: readonly Line[] = [];
  /** Whose stream was drawn last: where many are in sight they take turns. */
  let turn = 0;

  return {
    element: h('div.workers', {}, head, body, empty),
    update(next) {
      model = next;
      lines = linesOf(next);
      const gone = rows.show(lines, (row, line) => row.update(next, line));
      for (const { element } of gone) observer.unobserve(element);
      empty.hidden = lines.length > 0;
    },
    draw(now) {
      if (model === undefined) return;
      const end = performance.now() + DRAWING;
      for (let left = lines.length; left > 0 && performance.now() < end; left -= 1) {
        turn = (turn + 1) % lines.length;
        const each = rows.get((lines[turn] as Line).row);
        if (each !== undefined && visible.has(each.element)) each.draw(model, now);
      }
    },
  };
}

function createRow(number: number, tip: Tip, act: Act): Row {
  const [pool, rank] = [Math.floor(number / ROWS), number % ROWS];
  const state = h('span.state');
  const pid = h('span.pid');
  const swatch = h('i.swatch');
  const task = h('span.task');
  const beside = h('span.beside');
  const since = h('span.since');
  const line = h('div.line', {}, swatch, task, beside, since);
  const bar = h('progress.bar', { max: 1, value: 0 });
  const memory = h('span.memory');
  const meter = h('span.meter', {}, h('i'));
  const cpu = h('span.cpu');
  const done = h('span.done');
  const canvas = h('canvas.lane', { tabindex: 0, role: 'img' });
  const details = createDetails(pool, act);
  const more = h('button.more', { 'aria-expanded': 'false', title: 'Details of this worker' }, String(rank));
  const element = h(
    'div.worker',
    {},
    h('div.who', {}, more, state, pid),
    h('div.runs', {}, line, bar),
    h('div.figures', {}, memory, meter, cpu, done),
    canvas,
    details.element,
  );
  more.addEventListener('click', () => {
    details.element.hidden = !details.element.hidden;
    more.setAttribute('aria-expanded', String(!details.element.hidden));
    if (latest !== undefined) details.update(latest, worker); // a page that is paused gets nothing that would
  });
  let shown: { model: Model; content: LaneContent } | undefined;
  let worker: WorkerRow | undefined;
  let latest: Model | undefined;
  let chosen: Slice | undefined;
  watchLane(canvas, tip, {
    content: () => shown,
    choose: (slice) => {
      chosen = slice;
    },
    chosen: () => chosen,
  });

  return {
    element,
    update(model, { worker: present, other }) {
      worker = present;
      latest = model;
      const { pools } = model;
      const settings = pools.get(`p${pool}`);
      const isSpare = settings !== undefined && rank >= settings.maxWorkers;
      setText(more, pools.size > 1 ? `${pool} / ${rank}` : String(rank));
      setText(state, stateOf(worker, isSpare));
      element.dataset['state'] = worker?.state ?? 'none';
      setText(pid, worker?.pid === undefined ? '' : `pid ${worker.pid}${other === undefined ? '' : ' +1'}`);
      pid.title =
        other === undefined
          ? ''
          : `Another worker has this place, too: pid ${other.pid ?? '–'}, ${other.state}`;
      showTask(worker);
      setText(memory, bytes(worker?.memory));
      showMemory(worker, settings);
      setText(cpu, percent(worker?.cpu));
      setText(done, amount(worker?.done));
      if (!details.element.hidden) details.update(model, worker);
      canvas.setAttribute(
        'aria-label',
        `Worker ${rank}: ${stateOf(worker, isSpare)}. Arrow keys go through its tasks.`,
      );
    },
    draw(model, now) {
      const content: LaneContent = {
        slices: model.slices.get(number) ?? [],
        marks: model.marks.get(number) ?? [],
        running: worker?.tasks ?? [],
        now,
        chosen,
      };
      shown = { model, content };
      const running = worker?.tasks[0];
      const time = running === undefined ? 0 : now - running.since;
      setText(since, time < BRIEF ? '' : duration(time));
      drawLane(canvas, content);
    },
  };

  function showTask(row: WorkerRow | undefined): void {
    const running = row?.tasks[0];
    swatch.hidden = running === undefined;
    if (running !== undefined) swatch.style.setProperty('--colour', colourOf(running.fn));
    const loading = running?.loading === undefined ? '' : `loads ${running.loading} for `;
    setText(task, running === undefined ? '' : `${loading}${running.name}`);
    setText(beside, row === undefined || row.running < 2 ? '' : `+${row.running - 1}`);
    line.title = row?.tasks.map(({ name }) => name).join('\n') ?? '';
    const share = running?.progress?.share;
    bar.hidden = share === undefined;
    if (share !== undefined) bar.value = share;
    bar.title = running?.progress?.text ?? '';
  }

  function showMemory(
    row: WorkerRow | undefined,
    settings: { memoryLimit: number | undefined; leakThreshold: number } | undefined,
  ): void {
    const ofLimit =
      row?.memory === undefined || settings?.memoryLimit === undefined
        ? undefined
        : row.memory / settings.memoryLimit;
    const ofLeak =
      row?.growth === undefined || settings === undefined ? undefined : row.growth / settings.leakThreshold;
    const share = ofLimit ?? ofLeak;
    meter.hidden = share === undefined;
    (meter.firstElementChild as HTMLElement).style.width =
      `${Math.min(100, Math.max(0, (share ?? 0) * 100))}%`;
    setClass(meter, 'high', (share ?? 0) > 0.8);
    const limit = settings?.memoryLimit;
    const against = limit === undefined ? 'no memory.limit' : `memory.limit ${bytes(limit)}`;
    meter.title =
      memory.title = `With its descendants ${bytes(row?.memory)}, ${against}. Grown by ${bytes(row?.growth)} since it was first seen; memory.leakThreshold ${bytes(settings?.leakThreshold)}.`;
  }
}

function stateOf(worker: WorkerRow | undefined, isSpare: boolean): string {
  if (worker === undefined) return 'no worker';
  if (worker.isRetiring && worker.state === 'busy') return 'busy, retires';
  if (isSpare && worker.state === 'idle') return 'spare';
  return worker.state;
}

function createDetails(pool: number, act: Act) {
  const { element: list, say } = factList();
  const tasks = createTaskList(pool, act);
  const click = (): void => {
    if (now?.pid !== undefined) act({ kind: 'end-worker', pool, pid: now.pid });
  };
  const end = h('button.danger', { disabled: true, click }, 'End the worker …');
  const buttons = h('div.buttons', {}, end);
  const element = h('div.details', { hidden: true }, list, tasks.element, buttons);
  let now: WorkerRow | undefined;
  return {
    element,
    update(model: Model, worker: WorkerRow | undefined): void {
      now = worker;
      buttons.hidden = !model.host.actions;
      end.disabled = worker?.pid === undefined;
      const { memoryLimit, leakThreshold } = model.pools.get(`p${pool}`) ?? {};
      say('Pool and rank', worker === undefined ? '–' : `${worker.pool}, ${worker.rank}`);
      say(
        'Process',
        worker?.pid === undefined
          ? '–'
          : `pid ${worker.pid}, ${worker.state}${worker.isRetiring ? ', retires' : ''}`,
      );
      say('Runs', worker === undefined || worker.running === 0 ? 'no task' : tasksInWords(worker));
      tasks.update(model, worker);
      say('Sent ahead', `${worker?.ahead ?? 0} tasks`);
      say('Tasks done', amount(worker?.done));
      say(
        'Memory',
        `${bytes(worker?.memory)} of ${memoryLimit === undefined ? 'no limit' : bytes(memoryLimit)}`,
      );
      say(
        'Growth',
        `${bytes(worker?.growth)} of ${bytes(leakThreshold)} (memory.leakThreshold), since it was first seen`,
      );
      say('CPU', percent(worker?.cpu));
    },
  };
}

function tasksInWords({ running, tasks }: WorkerRow): string {
  if (running === 1) return '1 task';
  return running > tasks.length
    ? `${running} tasks at once, the first ${tasks.length} of them:`
    : `${running} tasks at once`;
}

/** What a worker runs, each with what there is to know of it. An item stays the same element while its task runs. */
function createTaskList(pool: number, act: Act) {
  const element = h('ul.tasks');
  const items = keyedItems(
    element,
    ({ id }: RunningTask) => id,
    ({ id }) => {
      const text = h('span');
      const click = (): void => act({ kind: 'cancel-task', pool, task: id });
      const cancel = h('button.danger', { click }, 'Cancel this task …');
      return { element: h('li', {}, text, cancel), text, cancel };
    },
  );
  return {
    element,
    update({ host, now }: Model, worker: WorkerRow | undefined): void {
      items.show(worker?.tasks ?? [], ({ text, cancel }, { id, name, since, loading, progress }) => {
        cancel.hidden = !host.actions;
        const doing = loading === undefined ? 'runs' : `loads ${loading}`;
        const measure = progress === undefined ? '' : `, progress ${progress.text}`;
        setText(text, `${name} (number ${id}) ${doing} for ${duration(Math.max(0, now - since))}${measure}`);
      });
    },
  };
}

interface LaneState {
  content(): { model: Model; content: LaneContent } | undefined;
  chosen(): Slice | undefined;
  choose(slice: Slice | undefined): void;
}

function watchLane(canvas: HTMLCanvasElement, tip: Tip, lane: LaneState): void {
  canvas.addEventListener('pointermove', (event) => {
    const shown = lane.content();
    if (shown === undefined) return;
    const found = findAt(
      shown.content,
      { x: event.offsetX, y: event.offsetY },
      { width: canvas.clientWidth, height: canvas.clientHeight },
    );
    lane.choose(found.slice);
    const lines = linesOfTip(shown.model, shown.content.now, found);
    if (lines === undefined) tip.hide();
    else tip.show(lines, event.clientX, event.clientY);
  });
  const leave = (): void => {
    lane.choose(undefined);
    tip.hide();
  };
  canvas.addEventListener('pointerleave', leave);
  canvas.addEventListener('blur', leave);
  canvas.addEventListener('keydown', (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const shown = lane.content();
    if (event.key === 'Escape') leave();
    if (step === undefined || shown === undefined) return;
    event.preventDefault();
    const { slices, now } = shown.content;
    if (slices.length === 0) return;
    const chosen = lane.chosen();
    const at = chosen === undefined ? slices.length : slices.indexOf(chosen);
    const next = slices[Math.min(slices.length - 1, Math.max(0, at + step))] as Slice;
    lane.choose(next);
    const box = canvas.getBoundingClientRect();
    const x = box.right - ((now - next[1] - next[2] / 2) * box.width) / 60_000;
    tip.show(linesOfTip(shown.model, now, { slice: next }) ?? [], Math.max(box.left, x), box.bottom);
  });
}

function linesOfTip(model: Model, now: number, { mark, slice, running }: Found): string[] | undefined {
  const { timeOrigin } = model.host;
  if (mark !== undefined) return tipOfMark(mark, timeOrigin);
  if (running !== undefined) {
    const { name, id, since, progress, loading } = running;
    return [
      name,
      `task ${id}, ${loading === undefined ? 'runs' : `loads ${loading}`} for ${duration(now - since)}`,
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
