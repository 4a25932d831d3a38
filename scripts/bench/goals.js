/** What this package wants to reach: ratios within one run to other pools, and a few absolutes. */
import { pools } from './pools.js';
import { metricOf } from './scenarios/index.js';

/** `[scenario, metric, limit, ÷ whom, pool]`: at least the limit where higher is better. Without a fourth it is for the figure itself. */
const goals = [
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
  ['cold-memory', 'worker', 0.3e6, '- worker-farm'],
  ['cold-memory', 'host', 8e6],
  ['first-submit', 'blocked', 10],
  ['first-submit', 'blocked', 10, undefined, 'loky-esm'],
  ['first-submit', 'blocked', 45, undefined, 'loky-closure'],
  ['round-trip', 'mean', 1, 'piscina'],
  ['burst-20k', 'rate', 12, 'workerpool'],
  ['burst-20k', 'rate', 5, 'worker-farm'],
  ['burst-20k', 'rate', 6, 'piscina'],
  ['pending-100k', 'bytes', 400],
  ['two-workers', 'ratio', 1.9],
  ...['1k', '100k'].flatMap((size) => [
    [`buffer-${size}`, 'ms', 1, 'best'],
    [`buffer-${size}`, 'ms', 1.3, 'floor'],
  ]),
  ...['10m', '100m'].flatMap((size) => [
    [`buffer-${size}`, 'ms', 1.15, 'floor'],
    [`buffer-${size}`, 'hostPeak', 2.2],
    [`buffer-${size}`, 'workerPeak', 2.2],
  ]),
  ['object-1e5', 'ms', 1, 'best'],
  ['death-seen', 'ms', 4],
  ['next-after-kill', 'ms', 15, undefined, 'loky-spare'],
  ...['2us', '50us', '1ms', '20ms', 'mix'].flatMap((items) => [
    [`auto-${items}`, 'first', 2],
    [`auto-${items}`, 'share', 0.9],
  ]),
  ['stream', 'share', 0.5],
  ...['buffer', 'map', 'table'].map((value) => [`shared-${value}`, 'ratio', 1.2]),
  ['view-page', 'open', 1],
];

export const medianOf = (results, scenario, metric, pool) =>
  results.scenarios[scenario]?.[pool]?.metrics[metric]?.[0];

/** The best figure of the pools of these kinds; what is wrong does not count. */
export function bestOf(results, scenario, metric, kinds = ['process']) {
  const figures = Object.entries(results.scenarios[scenario] ?? {})
    .filter(([pool, { status }]) => kinds.includes(pools[pool]?.kind) && status !== 'wrong')
    .flatMap(([, { metrics }]) => metrics[metric]?.[0] ?? []);
  if (figures.length === 0) return undefined;
  return metricOf(scenario, metric).better === 'higher' ? Math.max(...figures) : Math.min(...figures);
}

/** `{ title, unit, sign, limit, value, isMet }` of every goal that has a figure. */
export function judge(results) {
  return goals.flatMap(([scenario, metric, limit, other, pool = 'loky']) => {
    const { title, unit, better } = metricOf(scenario, metric);
    const own = medianOf(results, scenario, metric, pool);
    const against = () => {
      if (other === undefined) return [own, '', unit];
      if (other === 'best') return [own / bestOf(results, scenario, metric), ' ÷ best process pool', '×'];
      const name = other.replace('- ', '');
      const theirs = medianOf(results, scenario, metric, name);
      return name === other ? [own / theirs, ` ÷ ${name}`, '×'] : [own - theirs, ` over ${name}'s`, unit];
    };
    const [value, text, shownUnit] = against();
    if (!Number.isFinite(value)) return [];
    const [sign, isMet] = better === 'higher' ? ['≥', value >= limit] : ['≤', value <= limit];
    const name = pool === 'loky' ? title : `${pools[pool].label}: ${title}`;
    return [{ title: `${name}${text}`, unit: shownUnit, sign, limit, value, isMet }];
  });
}
