/**
 * What is measured. Each group is a section of docs/performance.md, and says what its scenarios do not say themselves:
 * - `rows`: by the key of the figure `'title, unit'`, or `[that, goals, better]`. Lower is better unless the last is `'higher'` or the
 *   unit is a rate. Goals are limits: for the figure of `loky` or a variant by the name of that, for its ratio to another pool by
 *   the name of that (`best`: the best process pool), and for the difference by `over` and that name;
 * - `pools`: the names of those that it measures; `isExtra`: only when it is named; `timeout` (ms, for one measurement);
 * - `run(pool)`, which gives figures by key, and a `status` unless it is `'ok'`.
 */
import { bullmq } from './bullmq.js';
import { cold } from './cold.js';
import { own } from './own.js';
import { warm } from './warm.js';

function rowOf([key, given]) {
  const [text, goals = {}, better] = [given].flat();
  const [, title, unit] = /(.*), (.*)/.exec(text);
  return { key, title, unit, goals, better: better ?? (unit === '/s' ? 'higher' : 'lower') };
}

export const groups = { cold, warm, own, bullmq };
export const scenarios = Object.entries(groups).flatMap(([group, { scenarios: members, ...shared }]) =>
  Object.entries(members).map(([name, scenario]) => {
    return { ...shared, ...scenario, group, name, rows: Object.entries(scenario.rows).map(rowOf) };
  }),
);
