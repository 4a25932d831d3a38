/** What this package wants to reach, and whether it did: ratios within one run, and a few absolutes. */
import { findScenario } from '../scenarios/index.js';
import { bestOf, medianOf } from './view.js';

const US = 'loky';

/** A goal gives the measured figure, or `undefined` where something to compare with is missing. */
function atMost(limit, title, unit, measured) {
  return { title, unit, limit, measured, isMet: (value) => value <= limit, sign: '≤' };
}

function atLeast(limit, title, unit, measured) {
  return { title, unit, limit, measured, isMet: (value) => value >= limit, sign: '≥' };
}

const ratioTo = (other, scenario, metric) => (results) =>
  medianOf(results, scenario, metric, US) / medianOf(results, scenario, metric, other);

const ratioToBest = (kinds, scenario, metric) => (results) =>
  medianOf(results, scenario, metric, US) / bestOf(results, findScenario(scenario), metric, kinds)?.value;

const own =
  (scenario, metric, lib = US) =>
  (results) =>
    medianOf(results, scenario, metric, lib);

const processPools = ['process', 'python'];
const anyPool = ['process', 'python', 'threads'];

const goals = [
  atMost(1.25, 'no-op round trip ÷ raw pipe', '×', ratioTo('raw', 'round-trip', 'mean')),
  atMost(1, 'no-op round trip ÷ piscina', '×', ratioTo('piscina', 'round-trip', 'mean')),
  atLeast(12, '20,000 no-ops at once ÷ workerpool', '×', ratioTo('workerpool', 'burst-20k', 'rate')),
  atLeast(5, '20,000 no-ops at once ÷ worker-farm', '×', ratioTo('worker-farm', 'burst-20k', 'rate')),
  atLeast(6, '20,000 no-ops at once ÷ piscina', '×', ratioTo('piscina', 'burst-20k', 'rate')),
  atLeast(
    0.9,
    'rate of 1e6 queued ÷ rate of 1e4',
    '×',
    (results) => medianOf(results, 'burst-1m', 'rate', US) / medianOf(results, 'burst-10k', 'rate', US),
  ),
  atMost(400, 'host memory a pending task, 1e6 of them', 'B', own('pending-1m', 'bytes')),
  ...['buffer-1k', 'buffer-100k'].flatMap((name) => [
    atMost(1, `${title(name)} ÷ best process pool`, '×', ratioToBest(processPools, name, 'ms')),
    atMost(1.3, `${title(name)} ÷ raw pipe`, '×', ratioTo('raw', name, 'ms')),
  ]),
  ...['buffer-10m', 'buffer-100m'].flatMap((name) => [
    atMost(1.15, `${title(name)} ÷ raw pipe`, '×', ratioTo('raw', name, 'ms')),
    atMost(2.2, `${title(name)}: host peak ÷ payload`, '×', own(name, 'hostPeak')),
    atMost(2.2, `${title(name)}: worker peak ÷ payload`, '×', own(name, 'workerPeak')),
  ]),
  atMost(1, 'object of 1e5 nodes ÷ best pool', '×', ratioToBest(anyPool, 'object-1e5', 'ms')),
  atMost(1.1, 'first result ÷ first message of a bare fork', '×', ratioTo('fork', 'first-result', 'created')),
  atMost(4, 'death seen', 'ms', own('death-seen', 'ms')),
  atMost(15, 'next result after a kill, one spare worker', 'ms', own('next-after-kill', 'ms', 'loky-spare')),
  atLeast(1.9, 'two workers over one, pure CPU', '×', own('two-workers', 'ratio')),
  atMost(
    4e6,
    'a worker at rest, over a bare Node process',
    'MB',
    (results) =>
      medianOf(results, 'memory-at-rest', 'worker', US) -
      medianOf(results, 'memory-at-rest', 'worker', 'node'),
  ),
];

function title(scenario) {
  return findScenario(scenario).metrics.ms.title;
}

/** `{ title, unit, sign, limit, value, met }` of every goal; `value` and `met` are undefined where not measured. */
export function judge(results) {
  return goals.map(({ measured, isMet, ...goal }) => {
    const value = measured(results);
    if (!Number.isFinite(value)) return { ...goal, value: undefined, met: undefined };
    return { ...goal, value, met: isMet(value) };
  });
}
