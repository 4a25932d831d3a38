/**
 * The figures as tables: for the terminal and for docs/performance.md. A line is a row of a scenario, a column is a pool. Below
 * `entries` are what was measured of one scenario, by pool.
 */
import { pools } from './pools.js';
import { groups, scenarios } from './scenarios/index.js';

const figureOf = (entry, { key }) => entry?.metrics[key]?.[0];

/** The best figure of the pools of these kinds; what is wrong does not count. */
function bestOf(entries, row, kinds) {
  const figures = Object.entries(entries)
    .filter(([pool, { status }]) => kinds.includes(pools[pool]?.kind) && status !== 'wrong')
    .flatMap(([, entry]) => figureOf(entry, row) ?? []);
  if (figures.length > 0) return row.better === 'higher' ? Math.max(...figures) : Math.min(...figures);
}

function formatValue(value, unit) {
  const scaled = value / (unit === 'MB' ? 1e6 : 1);
  if (Math.abs(scaled) >= 100) return Math.round(scaled).toLocaleString('en-US');
  return scaled.toPrecision(scaled < 1 ? 2 : 3);
}

/** A figure, or what there is instead of one; a dagger where another type came back. */
function cellOf(entry, row, best) {
  if (entry === undefined) return '';
  const value = figureOf(entry, row);
  if (value === undefined) return ['ok', 'lossy'].includes(entry.status) ? '' : entry.status;
  const text = `${formatValue(value, row.unit)}${entry.status === 'lossy' ? ' †' : ''}`;
  return value === best ? `**${text}**` : text;
}

function ratioOf(own, other) {
  if (own === undefined || other === undefined) return '';
  return own / other >= 9.95 ? `${Math.round(own / other)}` : (own / other).toPrecision(2);
}

const titleFor = (pool, { title }) => (pools[pool].variantOf ? `${pools[pool].label}: ${title}` : title);

/** `{ head, rows }` of these scenarios, as far as they have figures. A variant of a pool has a line of its own in its column. */
export function tableOf(results, names) {
  const measured = scenarios.filter(({ name }) => names.includes(name) && results.scenarios[name]);
  const present = Object.keys(pools).filter((pool) =>
    measured.some(({ name }) => results.scenarios[name][pool]),
  );
  const columns = present.filter((pool) => !pools[pool].variantOf);
  const variants = present.filter((pool) => pools[pool].variantOf);
  const hasFloor = columns.includes('floor');
  const linesOf = (entries, row) => {
    const best = bestOf(entries, row, ['ours', 'process', 'threads']);
    const bestOther = bestOf(entries, row, ['process', 'threads']);
    const lineFor = (pool) => {
      const { variantOf } = pools[pool];
      const shown = variantOf ? { [variantOf]: entries[pool] } : entries;
      const cells = columns.map((column) => cellOf(shown[column], row, best));
      if (cells.every((cell) => cell === '')) return [];
      const own = pools[pool].kind === 'ours' ? figureOf(entries[pool], row) : undefined;
      const ratios = [
        ratioOf(own, bestOther),
        ...(hasFloor ? [ratioOf(own, figureOf(entries.floor, row))] : []),
      ];
      return [[`${titleFor(pool, row)}, ${row.unit}`, ...cells, ...ratios]];
    };
    return [...columns.slice(0, 1), ...variants].flatMap(lineFor);
  };
  const rows = measured.flatMap((each) =>
    each.rows.flatMap((row) => linesOf(results.scenarios[each.name], row)),
  );
  const ratios = ['loky ÷ best other', ...(hasFloor ? ['loky ÷ floor'] : [])];
  return { head: ['', ...columns.map((pool) => pools[pool].label), ...ratios], rows };
}

/** What a goal of a row is about: `[title, unit, value]`. See scenarios/index.js. */
function goalOf(entries, row, whom) {
  const own = figureOf(entries.loky, row);
  if (pools[whom]?.kind === 'ours') return [titleFor(whom, row), row.unit, figureOf(entries[whom], row)];
  if (whom === 'best')
    return [`${row.title} ÷ best process pool`, '×', own / bestOf(entries, row, ['process'])];
  const other = /^over (.+)/.exec(whom)?.[1];
  if (other) return [`${row.title} over ${other}'s`, row.unit, own - figureOf(entries[other], row)];
  return [`${row.title} ÷ ${whom}`, '×', own / figureOf(entries[whom], row)];
}

/** `{ title, unit, sign, limit, value, isMet }` of every goal that has a figure. */
export function judge(results) {
  const judgeRow = (entries, row) =>
    Object.entries(row.goals).map(([whom, limit]) => {
      const [title, unit, value] = goalOf(entries, row, whom);
      const [sign, isMet] = row.better === 'higher' ? ['≥', value >= limit] : ['≤', value <= limit];
      return { title, unit, sign, limit, value, isMet };
    });
  return scenarios
    .flatMap(({ name, rows }) => rows.flatMap((row) => judgeRow(results.scenarios[name] ?? {}, row)))
    .filter(({ value }) => Number.isFinite(value));
}

function markdown({ head, rows }) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}

/** What was measured of these scenarios, a table for each group, and how all figures stand to the goals. */
export function report(results, wanted) {
  const tables = Object.entries(groups).flatMap(([group, { title, text }]) => {
    const names = wanted.filter((scenario) => scenario.group === group).map(({ name }) => name);
    const table = tableOf(results, names);
    return table.rows.length === 0 ? [] : [`## ${title}\n\n${text}\n\n${markdown(table)}`];
  });
  const goals = judge(results).map(({ title, unit, sign, limit, value, isMet }) => [
    title,
    `${formatValue(value, unit)} ${unit}`,
    `${sign} ${formatValue(limit, unit)} ${unit}`,
    isMet ? 'yes' : 'no',
  ]);
  return `${tables.join('\n\n')}

## Goals

What this package itself sets out to reach: nobody else has promised these figures.

${markdown({ head: ['', 'measured', 'goal', 'met'], rows: goals })}
`;
}

/** docs/performance.md */
export function toMarkdown(results) {
  const { machine, versions } = results;
  const peers = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
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

${report(results, scenarios)}`;
}
