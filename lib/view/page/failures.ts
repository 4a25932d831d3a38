/** The latest failures, each with all that is known of it when it is opened. */
import type { Failure, FailureKind } from '../aggregate/messages.ts';
import { factList, h, keyedItems, setText } from './dom.ts';
import { bytes, clock } from './format.ts';
import type { Model } from './model.ts';

const words: Readonly<Record<FailureKind, string>> = {
  failed: '! threw',
  'timed-out': '◷ timed out',
  killed: '■ killed',
  lost: '✕ lost',
  died: '✕ worker died',
  recycled: '↻ recycled',
  broken: '✕ pool broke',
};

/** A message that is shorter, and has one line, stands in the summary. */
const SHORT = 300;

export function createFailures(): { readonly element: HTMLElement; update(model: Model): void } {
  let timeOrigin = 0;
  const list = h('div.failures');
  const empty = h('p.quiet', {}, 'Nothing has failed since the page was opened.');
  // Another program has other failures of the same numbers.
  const keyOf = ({ id }: Failure): string => `${timeOrigin} ${id}`;
  const rows = keyedItems(list, keyOf, (failure) => createRow(failure, timeOrigin));
  return {
    element: h('div', {}, list, empty),
    update({ failures, host }) {
      timeOrigin = host.timeOrigin;
      const newest = [...failures.values()].sort((a, b) => b.id - a.id);
      rows.show(newest, (row, failure) => row.update(failure));
      empty.hidden = newest.length > 0;
    },
  };
}

function createRow(failure: Failure, timeOrigin: number) {
  const count = h('span.count');
  const { kind, task, message, report } = failure;
  const summary = h(
    'summary',
    {},
    h('time', {}, clock(timeOrigin + failure.at)),
    h(`span.kind`, { 'data-kind': kind }, words[kind]),
    h(
      'span.message',
      {},
      ...(task === undefined ? [] : [h('b', {}, task), ' ']),
      (message.split('\n', 1)[0] ?? '').slice(0, SHORT),
    ),
    count,
  );
  const facts = factList();
  const element = h('details', {}, summary, facts.element, ...textsOf(failure));
  const say = (name: string, value: string | number | undefined): void => {
    if (value !== undefined) facts.say(name, String(value));
  };
  say('Task', task);
  say('Worker', failure.rank === undefined ? undefined : `${failure.rank} of pool ${failure.pool}`);
  say('Process', failure.pid);
  say('Reason', report?.reason);
  say('Exit code', report?.exitCode);
  say('Signal', report?.signal);
  say('Last memory', report?.memory === undefined ? undefined : bytes(report.memory));
  return {
    element,
    update({ count: times, kind }: Failure): void {
      const tasks = times === 1 ? '1 task' : `${times} tasks`;
      setText(
        count,
        kind === 'died' || kind === 'broken'
          ? `cost ${times === 0 ? 'no task' : tasks}`
          : times > 1
            ? `× ${times}`
            : '',
      );
    },
  };
}

function textsOf({ message, stack, report }: Failure): HTMLElement[] {
  const text = (title: string, body: string | undefined): HTMLElement[] =>
    body === undefined || body === '' ? [] : [h('h4', {}, title), h('pre', {}, body)];
  return [
    ...text('Message', message.includes('\n') || message.length > SHORT ? message : undefined),
    ...text('Stack', stack),
    ...(report === undefined
      ? []
      : [h('h4', {}, 'Its last lines on stderr'), h('pre', {}, report.stderr || '(none)')]),
  ];
}
