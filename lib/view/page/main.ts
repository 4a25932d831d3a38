/** The page: what is where, and what keys and buttons do. */
import { createActing } from './acting.ts';
import { type ChartSpec, createChart } from './charts.ts';
import { themeChanged } from './colours.ts';
import { type ConnectionState, connect } from './connection.ts';
import { h, setText } from './dom.ts';
import { savePage, saveTimeline } from './exporting.ts';
import { createFailures } from './failures.ts';
import { createFleet } from './fleet.ts';
import { amount, bytes, clock, duration, percent } from './format.ts';
import { createFunctions } from './functions.ts';
import { apply, fromJson, fromSnapshot, isSameHost, type Model } from './model.ts';
import { createPools } from './pools.ts';
import { DATA } from './saved-page.ts';
import { toggleTheme, watchTheme } from './theme.ts';
import { createTip } from './tip.ts';
import { createWorkers } from './workers.ts';

const script = document.currentScript?.textContent ?? '';
const data = document.getElementById(DATA)?.textContent;

/** What the host says comes a little late: the right edge of the stream lags behind by so much, and moves evenly. */
const LAG = 400;
const FRAME = matchMedia('(prefers-reduced-motion: reduce)').matches ? 500 : 50;

const percentiles = (of: 'wait' | 'run' | 'loop'): ChartSpec['curves'] => [
  { name: 'p99', colour: 'curve', value: (point) => point[`${of}P99`] },
  { name: 'p50', colour: 'second', value: (point) => point[`${of}P50`], isDashed: true },
];

const charts: readonly ChartSpec[] = [
  {
    title: 'Tasks a second',
    hint: 'Tasks that finished, and those of them that failed, timed out or were lost',
    curves: [
      { name: 'ended', colour: 'curve', value: ({ done }) => done, isFilled: true },
      { name: 'failed', colour: 'bad', value: ({ failed }) => failed, isDashed: true },
    ],
    format: amount,
    least: 5,
  },
  {
    title: 'Queue',
    hint: 'Tasks that wait, and tasks that run',
    curves: [
      { name: 'wait', colour: 'curve', value: ({ pending }) => pending, isFilled: true },
      { name: 'run', colour: 'second', value: ({ running }) => running, isDashed: true },
    ],
    format: amount,
    least: 5,
  },
  {
    title: 'Waiting time',
    hint: 'From submit to start, of the tasks of each second: half of them, and 99 of 100, took no longer',
    curves: percentiles('wait'),
    format: duration,
    least: 1,
  },
  {
    title: 'Running time',
    hint: 'From start to answer, of the tasks of each second: half of them, and 99 of 100, took no longer',
    curves: percentiles('run'),
    format: duration,
    least: 1,
  },
  {
    title: 'Event loop delay',
    hint: 'How late the event loop of this program was: a program that is late answers late',
    curves: percentiles('loop'),
    format: duration,
    least: 5,
  },
  {
    title: 'Host CPU',
    hint: 'Of this program alone, without its workers, in per cent of one core; with its memory',
    curves: [{ name: 'CPU', colour: 'curve', value: ({ cpu }) => cpu, isFilled: true }],
    format: percent,
    headline: ({ points }) => {
      const last = points.at(-1);
      return last === undefined ? '–' : `${percent(last.cpu)} · ${bytes(last.memory)}`;
    },
    least: 20,
  },
];

let live: Model | undefined;
/** What is shown: a copy of what was there when the page was paused, or the live model. */
let shown: Model | undefined;
let isPaused = data !== undefined;
/** Between the clock of the page and that of the host, in milliseconds. */
let offset: number | undefined;

const notice = h('div.notice', { role: 'status', hidden: true });
let hideNotice: number | undefined;
function say(text: string): void {
  notice.textContent = text;
  notice.hidden = false;
  clearTimeout(hideNotice);
  hideNotice = setTimeout(() => {
    notice.hidden = true;
  }, 6_000);
}

const tip = createTip();
const acting = createActing(say);
const plots = charts.map(createChart);
const workers = createWorkers(tip, acting.act);
const functions = createFunctions();
const failures = createFailures();
const pools = createPools(acting.act);
const fleet = createFleet();

const status = h('span.status', { role: 'status' }, 'connecting');
const who = h('span.who');
const keys = h(
  'dialog.keys',
  {},
  h('h2', {}, 'Keys'),
  h(
    'dl',
    {},
    ...[
      ['p', 'pause, go on'],
      ['t', 'light, dark'],
      ['e', 'save the timeline (Perfetto, chrome://tracing)'],
      ['s', 'save this page as one file'],
      ['← →', 'select a task of the focused worker'],
      ['?', 'these keys'],
    ].flatMap(([key = '', what = '']) => [h('dt', {}, h('kbd', {}, key)), h('dd', {}, what)]),
  ),
  h('form', { method: 'dialog' }, h('button', {}, 'Close')),
);
const buttons = {
  pause: button('p', 'Pause', 'Pause (p)', () => pause(!isPaused)),
  timeline: button(
    'e',
    'Timeline',
    'Save the timeline, for Perfetto or chrome://tracing (e)',
    () => shown && saveTimeline(shown),
  ),
  page: button(
    's',
    'Save',
    'Save this page as one file, to attach to an incident (s)',
    () => shown && savePage(shown, script),
  ),
  theme: button('t', '◐', 'Light or dark (t)', () => {
    toggleTheme();
    onTheme();
  }),
  keys: button('?', '?', 'Keys (?)', () => keys.showModal()),
};

function button(key: string, text: string, title: string, onPress: () => void): HTMLButtonElement {
  return h('button', { title, 'aria-keyshortcuts': key, click: onPress }, text);
}

addEventListener('keydown', (event) => {
  const isTyping = event.target instanceof HTMLInputElement;
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]'))
    return;
  Object.values(buttons)
    .find((each) => each.getAttribute('aria-keyshortcuts') === event.key)
    ?.click();
});

const legend = h(
  'p.signs',
  {},
  ...[
    ['sign-busy', 'runs, by function'],
    ['sign-failed', 'threw'],
    ['sign-killed', 'killed or timed out'],
    ['sign-crashed', 'crashed'],
    ['sign-start', 'starts'],
    ['sign-waits', 'waits'],
  ].map(([name = '', text = '']) => h('span', {}, h(`i.sign.${name}` as 'i'), text)),
  h('span', {}, h('b.bad', {}, '✕'), 'worker died'),
  h('span', {}, h('b.bad', {}, '■'), 'worker killed'),
  h('span', {}, h('b.warn', {}, '↻'), 'worker recycled'),
);

function panel(title: string, name: string, ...content: HTMLElement[]): HTMLElement {
  return h('section.panel', { id: name, 'aria-label': title }, h('h2', {}, title), ...content);
}

document.body.append(
  h('header.top', {}, h('h1', {}, 'loky'), status, who, h('nav', {}, ...Object.values(buttons))),
  h(
    'main',
    {},
    h('div.charts', {}, ...plots.map(({ element }) => element)),
    panel('Workers', 'workers', workers.element, legend),
    fleet.element,
    h(
      'div.columns',
      {},
      h(
        'div.stack',
        {},
        panel('Functions', 'functions', functions.element),
        panel('Pools', 'pools', pools.element),
      ),
      panel('Last failures', 'failures', failures.element),
    ),
  ),
  tip.element,
  notice,
  acting.element,
  keys,
);

function pause(wanted: boolean): void {
  if (data !== undefined) return;
  isPaused = wanted;
  shown = isPaused && live !== undefined ? structuredClone(live) : live;
  setText(buttons.pause, isPaused ? 'Resume' : 'Pause');
  document.body.classList.toggle('paused', isPaused);
  showState();
  render();
}

let state: ConnectionState = 'connecting';
const stateWords: Readonly<Record<ConnectionState, string>> = {
  connecting: 'connecting',
  live: 'live',
  lost: 'disconnected: trying again',
  refused: 'refused: the program has a new address',
};

function showState(): void {
  const at = shown === undefined ? '' : clock(shown.host.timeOrigin + shown.now);
  setText(status, data !== undefined ? `saved at ${at}` : isPaused ? `paused at ${at}` : stateWords[state]);
  status.dataset['state'] = data !== undefined || isPaused ? 'paused' : state;
}

let drawnTables = Number.NEGATIVE_INFINITY;
function render(): void {
  if (shown === undefined) return;
  const { host } = shown;
  setText(
    who,
    `${host.program} · pid ${host.pid} · ${host.machine} · Node ${host.node.slice(1)}${host.loky === '' ? '' : ` · loky ${host.loky}`}`,
  );
  document.title = `${host.program} · loky`;
  workers.update(shown);
  // What people read changes once a second, or they could not.
  if (!isPaused && performance.now() - drawnTables < 900) return;
  drawnTables = performance.now();
  for (const plot of plots) plot.update(shown);
  functions.update(shown);
  failures.update(shown);
  pools.update(shown);
  fleet.update(shown);
}

function draw(): void {
  if (shown === undefined) return;
  const isStill = isPaused || state !== 'live' || offset === undefined;
  workers.draw(isStill ? shown.now : Math.min(performance.now() - (offset ?? 0) - LAG, shown.now + 1_000));
}

function onTheme(): void {
  themeChanged();
  for (const plot of plots) plot.redraw();
  draw();
}

function noteTime(now: number): void {
  const seen = performance.now() - now;
  // After a page was hidden, or a host was busy, the clock is set again.
  if (offset === undefined || Math.abs(seen - offset) > 1_000) offset = seen;
  else offset += (seen - offset) * 0.05;
}

watchTheme(onTheme);
let drawnAt = 0;
function frame(time: number): void {
  if (time - drawnAt >= FRAME) {
    drawnAt = time;
    draw();
  }
  requestAnimationFrame(frame);
}
requestAnimationFrame(frame);

if (data !== undefined) {
  shown = fromJson(data);
  document.body.classList.add('paused', 'saved');
  buttons.pause.hidden = true;
  shown.host = { ...shown.host, actions: false };
  showState();
  render();
} else {
  connect({
    onSnapshot(snapshot) {
      if (live !== undefined && !isSameHost(live.host, snapshot.host)) say('The program was restarted.');
      live = fromSnapshot(snapshot, live);
      offset = undefined;
      noteTime(snapshot.now);
      drawnTables = Number.NEGATIVE_INFINITY;
      if (isPaused) return;
      shown = live;
      render();
    },
    onDelta(delta) {
      if (live === undefined) return;
      apply(live, delta);
      noteTime(delta.now);
      if (!isPaused) render();
    },
    onState(next) {
      if (state === next) return;
      state = next;
      showState();
    },
  });
}
