/**
 * What is measured. A scenario has
 * - `name`, `group` (`'cold'`, `'warm'`, `'own'`), `title`, and `metrics` by key: `{ title, unit, better? }`, where lower
 *   is better unless it says `'higher'`;
 * - `sizes.full` and `sizes.quick`, `timeout` (ms, for one measurement), `rounds` (at most), `env` (beside the clean one);
 * - `kinds` of pools where it is not for all, `pointless(resultOf)` (why not to try, from earlier results);
 * - `run(pool, sizes)`, which gives `{ metrics, status? }`.
 */
import { auto } from './auto.js';
import { calls } from './calls.js';
import { cold } from './cold.js';
import { data } from './data.js';
import { faults } from './faults.js';
import { modules } from './modules.js';
import { own } from './own.js';
import { shared } from './shared.js';
import { view } from './view.js';
import { waits } from './waits.js';

export const scenarios = [
  ...cold,
  ...calls,
  ...data,
  ...faults,
  ...own,
  ...modules,
  ...auto,
  ...shared,
  ...waits,
  ...view,
];
