/** The figures as tables: for the terminal and for docs/performance.md. A row is a metric, a column is a pool. */
import { bestOf, judge, medianOf } from './goals.js';
import { pools } from './pools.js';
import { scenarios } from './scenarios/index.js';

function formatValue(value, unit) {
  const scaled = value / (unit === 'MB' ? 1e6 : 1);
  if (Math.abs(scaled) >= 100) return Math.round(scaled).toLocaleString('en-US');
  return scaled.toPrecision(scaled < 1 ? 2 : 3);
}

/** A figure, or what there is instead of one; a dagger where another type came back. */
function cellOf(entry, metric, unit, best) {
  if (entry === undefined) return '';
  const value = entry.metrics[metric]?.[0];
  if (value === undefined) return ['ok', 'lossy'].includes(entry.status) ? '' : entry.status;
  const text = `${formatValue(value, unit)}${entry.status === 'lossy' ? ' †' : ''}`;
  return value === best ? `**${text}**` : text;
}

const others = ['process', 'threads'];

/** `{ head, rows }` of these scenarios, as far as they have figures. Variants of a pool have rows of their own. */
export function tableOf(results, names) {
  const measured = scenarios.filter(({ name }) => names.includes(name) && results.scenarios[name]);
  const hasFigures = (pool) => measured.some(({ name }) => results.scenarios[name][pool]);
  const present = Object.keys(pools).filter(hasFigures);
  const columns = present.filter((pool) => !pools[pool].variantOf);
  const rowsOf = (name, [key, title, unit]) => {
    const best = bestOf(results, name, key, ['ours', ...others]);
    const bestOther = bestOf(results, name, key, others);
    const rowOf = (pool, label, shown) => {
      const cells = columns.map((column) =>
        shown.includes(column) ? cellOf(results.scenarios[name][pool ?? column], key, unit, best) : '',
      );
      const ratio = medianOf(results, name, key, pool ?? 'loky') / bestOther;
      const text = ratio >= 9.95 ? `${Math.round(ratio)}` : ratio.toPrecision(2);
      const isEmpty = cells.every((cell) => cell === '');
      return isEmpty ? [] : [[`${label}${title}, ${unit}`, ...cells, Number.isFinite(ratio) ? text : '']];
    };
    const variants = present.filter((pool) => pools[pool].variantOf);
    return [
      ...rowOf(undefined, '', columns),
      ...variants.flatMap((pool) => rowOf(pool, `${pools[pool].label}: `, [pools[pool].variantOf])),
    ];
  };
  const rows = measured.flatMap(({ name, metrics }) => metrics.flatMap((metric) => rowsOf(name, metric)));
  return { head: ['', ...columns.map((pool) => pools[pool].label), 'loky ÷ best other'], rows };
}

export function markdown({ head, rows }) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}

export function goalsOf(results) {
  const rows = judge(results).map(({ title, unit, sign, limit, value, isMet }) => [
    title,
    `${formatValue(value, unit)} ${unit}`,
    `${sign} ${formatValue(limit, unit)} ${unit}`,
    isMet ? 'yes' : 'no',
  ]);
  return { head: ['', 'measured', 'goal', 'met'], rows };
}

const sections = [
  [
    'cold',
    'Cold',
    `Fresh processes, one worker (two for what comes at once): nothing was called before. This is what a command line, a test run, and
the first requests after a deploy see, and a service with a call every few milliseconds for its first minutes. *CPU of its
workers* is that of all processes that the host has started; threads count as the host's.`,
  ],
  [
    'warm',
    'Warm',
    `Two workers that have run for a while: 10,000 calls or echoes (or 1.5 s of them) before those that are measured, a
burst before the burst. This is what a busy program that runs for days sees.`,
  ],
  [
    'own',
    'Functions by value, map, streams and shared values',
    `Warm, two workers. Where another pool, or joblib for Python, has something like it, its column or a row of its own says so.`,
  ],
];

export function toMarkdown(results) {
  const { machine, versions } = results;
  const peers = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const parts = sections.flatMap(([group, title, text]) => {
    const names = scenarios.filter((scenario) => scenario.group === group).map(({ name }) => name);
    const table = tableOf(results, names);
    return table.rows.length === 0 ? [] : [`## ${title}\n\n${text}\n\n${markdown(table)}`];
  });
  return `# Performance

Written by \`npm run bench -- --write\`; \`scripts/bench/README.md\` of the repository says how it measures. Medians of all rounds; the
smallest and the largest are in \`scripts/bench/results/latest.json\`. **Bold** is the best of all pools. Compare
within a row: absolute figures are those of one machine on one day. *Cold* figures are of processes that have just started, *warm*
ones of processes that have run for a while; each section says what was run before. [What makes it fast, and what limits
it](performance-notes.md).

* Machine: ${machine.cpus} × ${machine.cpu}, ${machine.platform}, Node ${machine.node}.
* Versions: ${peers.join(', ')}.
* The *floor* is a bare pool of a hundred lines over the same kind of pipe: no errors, no cancelling, no limits.
* piscina runs threads: a crash there takes the whole process along. It is here to compare speed.
* † means that the content came back as another type, such as a Buffer as an object.

${parts.join('\n\n')}

## Goals

What this package itself sets out to reach: nobody else has promised these figures.

${markdown(goalsOf(results))}
`;
}
