/**
 * The figures as tables: for the terminal and for docs/performance.md. A line is a row of a scenario, a column is a pool. Below
 * `entries` are what was measured of one scenario, by pool.
 */
import { readFileSync } from 'node:fs';
import { isVariant, pools } from './pools.js';
import { groups, scenarios } from './scenarios/index.js';

const figureOf = (entry, { key }) => entry?.metrics[key]?.[0];

/** The best figure of the pools of these kinds; what is wrong does not count. */
function bestOf(entries, row, ...kinds) {
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
  const value = figureOf(entry, row);
  if (value === undefined) return ['ok', 'lossy', undefined].includes(entry?.status) ? '' : entry.status;
  const text = `${formatValue(value, row.unit)}${entry.status === 'lossy' ? ' †' : ''}`;
  return value === best ? `**${text}**` : text;
}

function ratioOf(own, other) {
  if (own === undefined || other === undefined) return '';
  return own / other >= 9.95 ? `${Math.round(own / other)}` : (own / other).toPrecision(2);
}

const titleFor = (pool, { title }) => (isVariant(pool) ? `${pools[pool].label}: ${title}` : title);

/** `{ head, rows }` of these scenarios, as far as they have figures. */
export function tableOf(results, names) {
  const measured = scenarios.filter(({ name }) => names.includes(name) && results.scenarios[name]);
  const hasFigures = (pool) => measured.some(({ name }) => results.scenarios[name][pool]);
  const present = Object.keys(pools).filter(hasFigures);
  const columns = present.filter((pool) => !isVariant(pool));
  const floor = columns.filter((pool) => pool === 'floor');
  const lineOf = (entries, row, pool) => {
    const shown = isVariant(pool) ? { loky: entries[pool] } : entries;
    const best = bestOf(entries, row, 'ours', 'process', 'threads');
    const cells = columns.map((column) => cellOf(shown[column], row, best));
    const own = pools[pool].kind === 'ours' ? figureOf(entries[pool], row) : undefined;
    const others = [
      bestOf(entries, row, 'process', 'threads'),
      ...floor.map((name) => figureOf(entries[name], row)),
    ];
    const ratios = others.map((other) => ratioOf(own, other));
    return cells.join('') && [`${titleFor(pool, row)}, ${row.unit}`, ...cells, ...ratios];
  };
  const leaders = [...columns.slice(0, 1), ...present.filter(isVariant)];
  const rows = measured.flatMap(({ name, rows }) =>
    rows.flatMap((row) => leaders.map((pool) => lineOf(results.scenarios[name], row, pool))),
  );
  const others = ['best other', ...floor].map((other) => `loky ÷ ${other}`);
  return { head: ['', ...columns.map((pool) => pools[pool].label), ...others], rows: rows.filter(Boolean) };
}

/** What a goal of a row is about: `[title, unit, value]`. See scenarios/index.js. */
function goalOf(entries, row, whom) {
  const [own, other] = ['loky', whom.replace('over ', '')].map((pool) => figureOf(entries[pool], row));
  if (pools[whom]?.kind === 'ours') return [titleFor(whom, row), row.unit, other];
  if (whom.startsWith('over ')) return [`${row.title} ${whom}'s`, row.unit, own - other];
  if (whom !== 'best') return [`${row.title} ÷ ${whom}`, '×', own / other];
  return [`${row.title} ÷ best process pool`, '×', own / bestOf(entries, row, 'process')];
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
  return [head, rule, ...rows].map(line).join('\n');
}

/** `[title, table]` of each group of these scenarios, and how all figures stand to the goals. */
function sectionsOf(results, wanted) {
  const tables = Object.entries(groups).map(([group, { title }]) => {
    const names = wanted.filter((scenario) => scenario.group === group).map(({ name }) => name);
    return [title, tableOf(results, names)];
  });
  const goals = judge(results).map(({ title, unit, sign, limit, value, isMet }) => {
    const [measured, goal] = [value, limit].map((figure) => `${formatValue(figure, unit)} ${unit}`);
    return [title, measured, `${sign} ${goal}`, isMet ? 'yes' : 'no'];
  });
  const measured = tables.filter(([, { rows }]) => rows.length > 0);
  return [...measured, ['Goals', { head: ['', 'measured', 'goal', 'met'], rows: goals }]];
}

const textOf = ([title, table]) => `## ${title}\n\n${markdown(table)}\n`;
export const report = (results, wanted) => sectionsOf(results, wanted).map(textOf).join('\n');

export const page = new URL('../../docs/performance.md', import.meta.url);

/** The page with the tables of these results. The text around them is written there. */
export function toMarkdown(results) {
  const { cpus, cpu, platform, node } = results.machine;
  const peers = Object.entries(results.versions).map(([name, version]) => `${name} ${version}`);
  const withTable = (text, [title, table]) => {
    const place = new RegExp(`(?<=^## ${title}\n[^|]+)(^\\|.*\n)+`, 'm');
    return text.replace(place, () => `${markdown(table)}\n`);
  };
  const text = readFileSync(page, 'utf8')
    .replace(/^\* Machine: .*/m, `* Machine: ${cpus} × ${cpu}, ${platform}, Node ${node}.`)
    .replace(/^\* Versions: .*/m, `* Versions: ${peers.join(', ')}.`);
  return sectionsOf(results, scenarios).reduce(withTable, text);
}
