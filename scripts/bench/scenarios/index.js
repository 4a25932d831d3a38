/**
 * What is measured. A scenario has
 * - `name`, `group` (`'cold'`, `'warm'`, `'own'`), `title`, and `metrics`: `[key, title, unit, better]`, where lower is better unless
 *   the last says `'higher'` or the unit is a rate;
 * - `pools`: the names of those that it measures; `pointless(resultOf)`: why not to try, from earlier results;
 * - sizes `full` and `quick`; `timeout` (ms, for one measurement), `rounds` (at most), `env` (beside the clean one);
 * - `run(pool, size)`, which gives figures by key, and a `status` unless it is `'ok'`.
 */
import { cold } from './cold.js';
import { own } from './own.js';
import { warm } from './warm.js';

export const scenarios = [...cold, ...warm, ...own];

export function metricOf(scenario, metric) {
  const { metrics } = scenarios.find(({ name }) => name === scenario);
  const [, title, unit, better = unit === '/s' ? 'higher' : 'lower'] = metrics.find(
    ([key]) => key === metric,
  );
  return { title, unit, better };
}
