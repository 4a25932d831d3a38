/** Act 3 in sentences and figures. */
import { count, milliseconds } from '../text.js';

export function linesOfLosses(act) {
  const faults = act.tasks.filter(({ kind }) => kind !== 'ordinary');
  const rows = faults.map(({ kind, does, became }) => [kind, does, became].map((cell) => `${cell}`));
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column].length)));
  return [
    `   ${count(act.tasks.length)} tasks for ${act.workers === 1 ? 'one worker' : `${act.workers} workers`}, four of which go wrong:`,
    ...rows.map(
      ([kind, does, became]) => `   ${kind.padEnd(widths[0])}   ${does.padEnd(widths[1])}   → ${became}`,
    ),
    ...verdictOfLosses(act).map((sentence) => `   ${sentence}`),
  ];
}

export function verdictOfLosses({ tasks, took, processes, left }) {
  const ordinary = tasks.filter(({ kind }) => kind === 'ordinary');
  const wrong = ordinary.filter(({ isGood }) => !isGood);
  const others =
    wrong.length === 0
      ? `All ${count(ordinary.length)} others were answered, and rightly`
      : `${count(ordinary.length - wrong.length)} of ${count(ordinary.length)} others were answered rightly; the first that was not: ${wrong[0].became}`;
  const remains = left.length === 0 ? 'none is left' : `still running: ${left.join(', ')}`;
  return [
    `${others}, in ${milliseconds(took)}.`,
    `Of ${count(processes)} processes that ran for it, ${remains}.`,
  ];
}
