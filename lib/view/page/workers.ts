/** The rows of workers, each with its stream. */
import { ROWS } from '../../observing/trace-format.ts';
import type { PoolRow, RunningTask, WorkerRow } from '../aggregate/messages.ts';
import type { Act } from './acting.ts';
import { colourOf } from './colours.ts';
import { factList, h, keyedItems, setClass, setText } from './dom.ts';
import { amount, bytes, duration, percent } from './format.ts';
import { createLane, doing } from './lane.ts';
import { type Line, linesOf, type Model } from './model.ts';
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
  const click = (): void => {
    details.element.hidden = !details.element.hidden;
    more.setAttribute('aria-expanded', String(!details.element.hidden));
    if (latest !== undefined) details.update(latest, worker); // a page that is paused gets nothing that would
  };
  const attributes = { 'aria-expanded': 'false', title: 'Details of this worker', click };
  const more = h('button.more', attributes, String(rank));
  const state = h('span.state');
  const pid = h('span.pid');
  const runs = createRuns();
  const memory = createMemory();
  const cpu = h('span.cpu');
  const done = h('span.done');
  const lane = createLane(number, tip);
  const details = createDetails(pool, act);
  const element = h(
    'div.worker',
    {},
    h('div.who', {}, more, state, pid),
    runs.element,
    h('div.figures', {}, ...memory.elements, cpu, done),
    lane.element,
    details.element,
  );
  let latest: Model | undefined;
  let worker: WorkerRow | undefined;

  return {
    element,
    update(model, { worker: present, other }) {
      worker = present;
      latest = model;
      const settings = model.pools.get(`p${pool}`);
      const words = stateOf(worker, settings !== undefined && rank >= settings.maxWorkers);
      setText(more, model.pools.size > 1 ? `${pool} / ${rank}` : String(rank));
      setText(state, words);
      element.dataset['state'] = worker?.state ?? 'none';
      setText(pid, worker?.pid === undefined ? '' : `pid ${worker.pid}${other === undefined ? '' : ' +1'}`);
      pid.title =
        other === undefined
          ? ''
          : `Another worker has this place, too: pid ${other.pid ?? '–'}, ${other.state}`;
      runs.update(worker);
      memory.update(worker, settings);
      setText(cpu, percent(worker?.cpu));
      setText(done, amount(worker?.done));
      if (!details.element.hidden) details.update(model, worker);
      lane.element.setAttribute('aria-label', `Worker ${rank}: ${words}. Arrow keys go through its tasks.`);
    },
    draw(model, now) {
      const running = worker?.tasks ?? [];
      runs.showTime(running[0], now);
      lane.draw(model, now, running);
    },
  };
}

/** The task that a worker runs, the first of several. */
function createRuns() {
  const swatch = h('i.swatch');
  const task = h('span.task');
  const beside = h('span.beside');
  const since = h('span.since');
  const line = h('div.line', {}, swatch, task, beside, since);
  const bar = h('progress.bar', { max: 1, value: 0 });
  return {
    element: h('div.runs', {}, line, bar),
    update(worker: WorkerRow | undefined): void {
      const running = worker?.tasks[0];
      swatch.hidden = running === undefined;
      if (running !== undefined) swatch.style.setProperty('--colour', colourOf(running.fn));
      const loading = running?.loading === undefined ? '' : `loads ${running.loading} for `;
      setText(task, running === undefined ? '' : `${loading}${running.name}`);
      setText(beside, worker === undefined || worker.running < 2 ? '' : `+${worker.running - 1}`);
      line.title = worker?.tasks.map(({ name }) => name).join('\n') ?? '';
      const share = running?.progress?.share;
      bar.hidden = share === undefined;
      if (share !== undefined) bar.value = share;
      bar.title = running?.progress?.text ?? '';
    },
    showTime(running: RunningTask | undefined, now: number): void {
      const time = running === undefined ? 0 : now - running.since;
      setText(since, time < BRIEF ? '' : duration(time));
    },
  };
}

/** The memory of a worker, and how near it is to its limit, or where there is none, to what counts as a leak. */
function createMemory() {
  const figure = h('span.memory');
  const part = h('i');
  const meter = h('span.meter', {}, part);
  return {
    elements: [figure, meter],
    update(worker: WorkerRow | undefined, pool: PoolRow | undefined): void {
      setText(figure, bytes(worker?.memory));
      const limit = pool?.memoryLimit;
      const share = partOf(worker?.memory, limit) ?? partOf(worker?.growth, pool?.leakThreshold);
      meter.hidden = share === undefined;
      part.style.width = `${Math.min(100, Math.max(0, (share ?? 0) * 100))}%`;
      setClass(meter, 'high', (share ?? 0) > 0.8);
      const against = limit === undefined ? 'no memory.limit' : `memory.limit ${bytes(limit)}`;
      meter.title =
        figure.title = `With its descendants ${bytes(worker?.memory)}, ${against}. Grown by ${bytes(worker?.growth)} since it was first seen; memory.leakThreshold ${bytes(pool?.leakThreshold)}.`;
    },
  };
}

const partOf = (value: number | undefined, whole: number | undefined): number | undefined =>
  value === undefined || whole === undefined ? undefined : value / whole;

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
      items.show(worker?.tasks ?? [], ({ text, cancel }, task) => {
        const { id, name, progress } = task;
        cancel.hidden = !host.actions;
        const measure = progress === undefined ? '' : `, progress ${progress.text}`;
        setText(text, `${name} (number ${id}) ${doing(task, now)}${measure}`);
      });
    },
  };
}
