/** The machines of a fleet and its queue, where the host has one. */
import type { FleetFigures, FleetMachine } from '../aggregate/fleet-figures.ts';
import { h } from './dom.ts';
import { age, amount, bytes } from './format.ts';
import type { Model } from './model.ts';

/** In milliseconds: a machine that was not heard of for so long may be gone. */
const LATE = 15_000;

export function createFleet(): { readonly element: HTMLElement; update(model: Model): void } {
  const title = h('h2', {}, 'Fleet');
  const body = h('div');
  const element = h('section.panel.wide', { id: 'fleet', hidden: true }, title, body);
  return {
    element,
    update({ fleet, host, now }) {
      element.hidden = fleet === undefined;
      if (fleet === undefined) return;
      const { figures, error } = fleet;
      title.textContent = figures?.queue === undefined ? 'Fleet' : `Fleet: ${figures.queue}`;
      body.replaceChildren(
        ...(error === undefined ? [] : [h('p.bad', {}, `The fleet could not be asked: ${error}`)]),
        ...(figures === undefined ? [] : contentOf(figures, host.timeOrigin + now)),
      );
    },
  };
}

function contentOf({ machines, jobs, oldest }: FleetFigures, now: number): HTMLElement[] {
  const states = Object.entries(jobs ?? {}).map(([state, count]) =>
    h(
      'span.count',
      {},
      h('b', {}, amount(count)),
      ` ${state === 'waitingChildren' ? 'waiting for children' : state}`,
    ),
  );
  const job = oldest?.name === undefined ? '' : `(${oldest.name}) `;
  const longest = oldest && `The oldest job ${job}waits for ${age(oldest.age)}.`;
  const heads = ['Machine', 'Version', 'State', 'Running', 'Memory', 'Last heard'];
  const rows = [...machines]
    .sort((a, b) => a.host.localeCompare(b.host) || (a.pid ?? 0) - (b.pid ?? 0))
    .map((machine) => rowOf(machine, Math.max(0, now - machine.reportedAt)));
  const head = h('tr', {}, ...heads.map((text) => h('th', { scope: 'col' }, text)));
  return [
    h('p.counts', {}, ...states, ...(longest === undefined ? [] : [h('span', {}, longest)])),
    h('div.scroll', {}, h('table', {}, h('thead', {}, head), h('tbody', {}, ...rows))),
    ...(machines.length === 0 ? [h('p.bad', {}, 'No machine serves this queue.')] : []),
  ];
}

function rowOf(
  { host, pid, tasksVersion, draining, active, workers, rss }: FleetMachine,
  silence: number,
): HTMLElement {
  const isLate = silence > LATE;
  const heard = h('td', {}, silence < 2_500 ? 'now' : `${isLate ? '⚠ ' : ''}${age(silence)} ago`);
  heard.classList.toggle('bad', isLate);
  return h(
    'tr',
    {},
    h('th', { scope: 'row' }, host, ...(pid === undefined ? [] : [h('span.pid', {}, ` pid ${pid}`)])),
    h('td', {}, tasksVersion ?? '–'),
    h('td', {}, draining ? 'leaves' : 'serves'),
    h('td', {}, `${amount(active)} of ${amount(workers)}`),
    h('td', {}, bytes(rss)),
    heard,
  );
}
