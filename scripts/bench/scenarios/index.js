/**
 * What is measured. A scenario has
 * - `name`, `group`, `title`, and `metrics` by key: `{ title, unit, better: 'lower' | 'higher' }`;
 * - `sizes.full` and `sizes.quick`, `timeout` (ms, for one whole measurement), `rounds` (at most; default all);
 * - `libs` where it is not for every library, `pointless(resultsOf)` (why not to try, from earlier results);
 * - `run({ adapter, library, sizes })`, which gives `{ metrics, status? }`.
 */

import { bursts, roundTrip } from './calls.js';
import { closures } from './closures.js';
import { cpu } from './cpu.js';
import { death, nextAfterKill } from './faults.js';
import { firstResult } from './first-result.js';
import { map } from './map.js';
import { memoryAtRest } from './memory-at-rest.js';
import { payloadScenarios } from './payloads.js';
import { pending } from './pending.js';

export const scenarios = [
  roundTrip,
  ...bursts,
  ...payloadScenarios,
  firstResult,
  death,
  nextAfterKill,
  cpu,
  memoryAtRest,
  ...pending,
  closures,
  map,
];

export function findScenario(name) {
  const found = scenarios.find((scenario) => scenario.name === name);
  if (found) return found;
  throw new Error(`no scenario "${name}": expected one of ${scenarios.map((one) => one.name).join(', ')}`);
}
