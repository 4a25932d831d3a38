/** The report as Markdown. */
import { scenarios } from '../scenarios/index.js';
import { formatRatio, formatWithUnit } from './format.js';
import { judge } from './goals.js';
import { bestOf, medianOf, tableOf } from './view.js';

function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, column) => (column === 0 || column === head.length - 1 ? '---' : '---:'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}

function introduction({ machine, libraries }) {
  const versions = Object.values(libraries)
    .filter(({ version }) => version)
    .map(({ label, version }) => `${label} ${version}`);
  return `# Performance

Written by \`node scripts/bench/bench.js --write\`; \`scripts/bench/README.md\` says how it measures.
Two workers unless a title says otherwise. Medians, with the smallest and the largest of all rounds in brackets.
Compare within a table: absolute figures are those of one machine on one day.

* Machine: ${machine.cpus} × ${machine.cpu}, ${machine.platform}, Node ${machine.node}.
* Versions: ${[...new Set(versions)].join(', ')}.
* *Raw pipe* is the floor: two Node processes over the same transport, with no executor.
* piscina runs threads: a crash there takes the whole process along. It is here to compare speed.

![Bar charts of the figures below](performance.svg)`;
}

const GOALS_INTRO = 'What this package itself sets out to reach: nobody else has promised these figures.';

function goalSection(results) {
  const rows = judge(results).map(({ title, unit, sign, limit, value, met }) => [
    title,
    value === undefined ? 'not measured' : formatWithUnit(value, unit),
    `${sign} ${formatWithUnit(limit, unit)}`,
    met === undefined ? '' : met ? 'yes' : 'no',
  ]);
  return `## Goals\n\n${GOALS_INTRO}\n\n${table(['', 'measured', 'goal', 'met'], rows)}`;
}

function summarySection(results) {
  const rows = scenarios.flatMap((scenario) => {
    const [key, { title, unit }] = Object.entries(scenario.metrics)[0];
    const own = medianOf(results, scenario.name, key, 'loky');
    const best = bestOf(results, scenario, key, ['process', 'python']);
    if (own === undefined || !best) return [];
    const against = (value) =>
      value === undefined ? ['', ''] : [formatWithUnit(value, unit), formatRatio(own / value)];
    const [bestText, bestRatio] = against(best.value);
    return [
      [
        title,
        formatWithUnit(own, unit),
        `${bestText} (${best.label})`,
        bestRatio,
        ...against(medianOf(results, scenario.name, key, 'piscina')),
        ...against(medianOf(results, scenario.name, key, 'raw')),
      ],
    ];
  });
  if (rows.length === 0) return '';
  const head = [
    '',
    'loky',
    'best other process pool',
    'loky ÷ it',
    'piscina',
    'loky ÷ it',
    'raw pipe',
    'loky ÷ it',
  ];
  return `## In short\n\n${table(head, rows)}`;
}

function groupSection(group, results) {
  const parts = scenarios
    .filter((scenario) => scenario.group === group)
    .flatMap((scenario) => {
      const { head, rows } = tableOf(results, scenario) ?? {};
      return rows ? [`### ${scenario.title}\n\n${table(head, rows)}`] : [];
    });
  if (parts.length === 0) return '';
  const heading = group[0].toUpperCase() + group.slice(1);
  return `## ${heading}\n\n${parts.join('\n\n')}`;
}

export function toMarkdown(results) {
  const groups = [...new Set(scenarios.map(({ group }) => group))];
  const sections = [
    introduction(results),
    summarySection(results),
    goalSection(results),
    ...groups.map((group) => groupSection(group, results)),
  ];
  return `${sections.filter(Boolean).join('\n\n')}\n`;
}
