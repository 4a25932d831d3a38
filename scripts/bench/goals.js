/** What this package wants to reach: ratios within one run to other pools, and a few absolutes. */
import { pools } from './pools.js';
import { scenarios } from './scenarios/index.js';

const US = 'loky';
const MB = 1e6;

/** `[scenario, metric, at most, ÷ whom]`. Without a fourth the limit is for the figure itself. */
const atMost = [
  ['cold-calls', 'import.wall', 0.8, 'piscina'],
  ['cold-calls', 'import.wall', 1.8, 'worker-farm'],
  ['cold-calls', 'first.wall', 1.8, 'piscina'],
  ['cold-calls', 'first.wall', 1.05, 'worker-farm'],
  ['cold-calls', 'first.host', 1.3, 'worker-farm'],
  ['cold-calls', 'to10.wall', 1, 'piscina'],
  ['cold-calls', 'to10.wall', 0.7, 'worker-farm'],
  ['cold-calls', 'to100.wall', 1.3, 'piscina'],
  ['cold-calls', 'to100.wall', 1.2, 'worker-farm'],
  ['cold-calls', 'to1000.wall', 1, 'piscina'],
  ['cold-calls', 'to1000.wall', 1.1, 'worker-farm'],
  ['cold-calls', 'to2000.wall', 1, 'piscina'],
  ['cold-calls', 'to2000.wall', 1.1, 'worker-farm'],
  ['cold-burst', 'cold.host', 0.35, 'piscina'],
  ['cold-burst', 'cold.host', 0.7, 'worker-farm'],
  ['cold-burst', 'later.host', 0.35, 'piscina'],
  ['cold-burst', 'later.host', 0.45, 'worker-farm'],
  ['cold-memory', 'worker', 0.3 * MB, '- worker-farm'],
  ['cold-memory', 'host', 8 * MB],
  ['first-submit', 'blocked', 10],
  ['first-submit', 'blocked', 10, undefined, 'loky-esm'],
  ['first-submit', 'blocked', 45, undefined, 'loky-closure'],
  ['round-trip', 'mean', 1, 'piscina'],
  ['pending-100k', 'bytes', 400],
  ['buffer-1k', 'ms', 1, 'best'],
  ['buffer-100k', 'ms', 1, 'best'],
  ['buffer-1k', 'ms', 1.3, 'floor'],
  ['buffer-100k', 'ms', 1.3, 'floor'],
  ['buffer-10m', 'ms', 1.15, 'floor'],
  ['buffer-100m', 'ms', 1.15, 'floor'],
  ['buffer-10m', 'hostPeak', 2.2],
  ['buffer-10m', 'workerPeak', 2.2],
  ['buffer-100m', 'hostPeak', 2.2],
  ['buffer-100m', 'workerPeak', 2.2],
  ['object-1e5', 'ms', 1, 'best'],
  ['death-seen', 'ms', 4],
  ['next-after-kill', 'ms', 15, undefined, 'loky-spare'],
  ['view-page', 'open', 1],
  ...['2us', '50us', '1ms', '20ms', 'mix'].map((items) => [`auto-${items}`, 'first', 2]),
  ...['buffer', 'map', 'table'].map((value) => [`shared-${value}`, 'ratio', 1.2]),
];

/** `[scenario, metric, at least, ÷ whom]` */
const atLeast = [
  ['burst-20k', 'rate', 12, 'workerpool'],
  ['burst-20k', 'rate', 5, 'worker-farm'],
  ['burst-20k', 'rate', 6, 'piscina'],
  ['two-workers', 'ratio', 1.9],
  ...['2us', '50us', '1ms', '20ms', 'mix'].map((items) => [`auto-${items}`, 'share', 0.9]),
  ['stream', 'share', 0.5],
];

export function medianOf(results, scenario, metric, pool) {
  return results.scenarios[scenario]?.[pool]?.metrics[metric]?.[0];
}

/** The best figure of the pools of these kinds; what is wrong does not count. */
export function bestOf(results, scenario, metric, kinds = ['process']) {
  const { better } = metricOf(scenario, metric);
  const figures = Object.entries(results.scenarios[scenario] ?? {})
    .filter(([pool, { status }]) => kinds.includes(pools[pool]?.kind) && status !== 'wrong')
    .flatMap(([, { metrics }]) => metrics[metric]?.[0] ?? []);
  if (figures.length === 0) return undefined;
  return better === 'higher' ? Math.max(...figures) : Math.min(...figures);
}

function metricOf(scenario, metric) {
  return scenarios.find(({ name }) => name === scenario).metrics[metric];
}

/** `{ title, unit, sign, limit, value, isMet }` of every goal that has a figure. */
export function judge(results) {
  const rule =
    (sign, isMet) =>
    ([scenario, metric, limit, other, pool = US]) => {
      const own = medianOf(results, scenario, metric, pool);
      const { title, unit } = metricOf(scenario, metric);
      const name = pool === US ? title : `${pools[pool].label}: ${title}`;
      const [value, text, shownUnit] = against(results, { scenario, metric, own, other, unit });
      if (!Number.isFinite(value)) return [];
      return [{ title: `${name}${text}`, unit: shownUnit, sign, limit, value, isMet: isMet(value, limit) }];
    };
  return [
    ...atMost.flatMap(rule('≤', (value, limit) => value <= limit)),
    ...atLeast.flatMap(rule('≥', (value, limit) => value >= limit)),
  ];
}

function against(results, { scenario, metric, own, other, unit }) {
  if (other === undefined) return [own, '', unit];
  if (other === 'best') return [own / bestOf(results, scenario, metric), ' ÷ best process pool', '×'];
  const isDifference = other.startsWith('- ');
  const name = other.replace('- ', '');
  const theirs = medianOf(results, scenario, metric, name);
  return isDifference ? [own - theirs, ` over ${name}'s`, unit] : [own / theirs, ` ÷ ${name}`, '×'];
}
