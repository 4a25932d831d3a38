/** What the tasks of each name took, as a table that can be sorted. */
import type { FunctionRow } from '../aggregate/messages.ts';
import { colourOf } from './colours.ts';
import { h, keyedItems, setText } from './dom.ts';
import { amount, duration } from './format.ts';
import type { Model } from './model.ts';

interface Column {
  readonly title: string;
  readonly hint: string;
  readonly value: (row: FunctionRow) => number | string;
  /** Takes what `value` gives. */
  readonly format: (value: never) => string;
}

const columns: readonly Column[] = [
  { title: 'Function', hint: 'The name of the task', value: ([, name]) => name, format: String },
  { title: 'Total', hint: 'Total run time of its tasks', value: (row) => row[3], format: duration },
  { title: 'Tasks', hint: 'How many finished', value: (row) => row[2], format: amount },
  { title: 'Mean', hint: 'Mean run time', value: meanOf, format: duration },
  { title: 'Longest', hint: 'Longest run time', value: (row) => row[4], format: duration },
  { title: 'Errors', hint: 'How many failed, were killed or lost', value: (row) => row[5], format: amount },
];

const MOST = 30;

export function createFunctions(): { readonly element: HTMLElement; update(model: Model): void } {
  let by = 1;
  let isDown = true;
  let model: Model | undefined;
  const body = h('tbody');
  const rows = keyedItems(body, ([id]: FunctionRow) => id, createRow);
  const heads = columns.map(({ title, hint }, index) => {
    const click = (): void => {
      isDown = by === index ? !isDown : index !== 0;
      by = index;
      if (model !== undefined) update(model);
    };
    return h('th', { scope: 'col' }, h('button', { title: hint, click }, title));
  });
  const more = h('p.quiet');
  const table = h('table', {}, h('thead', {}, h('tr', {}, ...heads)), body);

  function update(next: Model): void {
    model = next;
    for (const [index, head] of heads.entries())
      head.setAttribute('aria-sort', index !== by ? 'none' : isDown ? 'descending' : 'ascending');
    const { value } = columns[by] as Column;
    const all = [...next.functions.values()].filter((row) => row[2] > 0);
    all.sort((a, b) => compare(value(a), value(b)) * (isDown ? -1 : 1));
    const most = Math.max(1, ...all.map((row) => row[3]));
    rows.show(all.slice(0, MOST), (shown, row) => shown.update(row, row[3] / most));
    setText(
      more,
      all.length > MOST
        ? `and ${all.length - MOST} more`
        : all.length === 0
          ? 'No task has finished since the page was opened.'
          : '',
    );
  }

  return { element: h('div', {}, h('div.scroll', {}, table), more), update };
}

function createRow([id]: FunctionRow) {
  const swatch = h('i.swatch');
  swatch.style.setProperty('--colour', colourOf(id));
  const name = h('span.name');
  const bar = h('i.part');
  const first = h('th', { scope: 'row' }, swatch, name, bar);
  const cells = columns.slice(1).map((column) => ({ ...column, cell: h('td') }));
  const element = h('tr', {}, first, ...cells.map(({ cell }) => cell));
  return {
    element,
    update(row: FunctionRow, share: number): void {
      setText(name, row[1]);
      name.title = row[1];
      bar.style.width = `${share * 100}%`;
      for (const { cell, value, format } of cells) setText(cell, format(value(row) as never));
      cells[4]?.cell.classList.toggle('bad', row[5] > 0);
    },
  };
}

function meanOf([, , count, total]: FunctionRow): number {
  return count === 0 ? 0 : total / count;
}

function compare(a: number | string, b: number | string): number {
  return typeof a === 'string' || typeof b === 'string' ? String(a).localeCompare(String(b)) : a - b;
}
