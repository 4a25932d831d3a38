/** The table in the documents: builds × packages. */
import { fileURLToPath } from 'node:url';
import { nodesFor, variants } from './variants.js';

export const page = fileURLToPath(new URL('../../docs/builds.md', import.meta.url));

const BEGIN = '<!-- the table: npm run test:matrix -- --program packages --write -->';
const END = '<!-- the end of the table -->';

const PACKAGES = [
  ...['lodash', 'lodash-es', 'ramda', 'immer', 'immutable', 'zod 3', 'zod 4', 'luxon', 'dayjs', 'date-fns'],
  ...['decimal.js', 'bignumber.js', 'semver', 'bson', 'uuid', 'p-limit', 'reflect-metadata', 'the language'],
];

/** The lines of what ran, by their first cell. @param {readonly import('./matrix.js').Row[]} rows */
export function linesOf(rows) {
  const ran = rows.filter(({ cannot }) => cannot === undefined);
  return new Map(ran.map((row) => [titleOf(row.variant, row.major), lineOf(row)]));
}

const titleOf = (variant, major) => `${variants[variant].is}, Node.js ${major}`;

function lineOf({ variant, major, reports }) {
  const cells = PACKAGES.map((name) => cellOf(reports.filter(({ of }) => of === name)));
  return `| ${[titleOf(variant, major), ...cells].join(' | ')} |`;
}

function cellOf(reports) {
  const count = (...became) => reports.filter((report) => became.includes(report.became)).length;
  const [same, refused, wrong] = [count('same'), count('refused'), count('failed', 'differs', 'hangs')];
  if (reports.length === 0) return '';
  return [same, ...(refused || wrong ? [refused] : []), ...(wrong ? [`**${wrong}**`] : [])].join(' / ');
}

/** The text of the page with the lines of what ran; the others stay, in the order of the variants. */
export function withTable(text, rows) {
  const lines = new Map([...linesIn(text), ...linesOf(rows)]);
  const known = Object.keys(variants).flatMap((name) => nodesFor(name).map((major) => titleOf(name, major)));
  const table = [
    `| build | ${PACKAGES.join(' | ')} |`,
    `|---|${PACKAGES.map(() => '---|').join('')}`,
    ...known.flatMap((title) => lines.get(title) ?? []),
  ];
  const [before, after] = [text.indexOf(BEGIN) + BEGIN.length, text.indexOf(END)];
  return `${text.slice(0, before)}\n\n${table.join('\n')}\n\n${text.slice(after)}`;
}

/** The lines of the table as they are written down, by their first cell. */
export function linesIn(text) {
  const table = text.slice(text.indexOf(BEGIN), text.indexOf(END)).split('\n');
  const lines = table.filter((line) => line.startsWith('| ') && !line.startsWith('| build '));
  return new Map(lines.map((line) => [line.slice(2).split(' | ')[0], line]));
}

/** The variants that the table has every line of. */
export function writtenIn(text) {
  const lines = linesIn(text);
  return Object.keys(variants).filter((name) =>
    nodesFor(name).every((major) => lines.has(titleOf(name, major))),
  );
}

/** What the page says otherwise, in words. */
export function staleIn(text, rows) {
  const written = linesIn(text);
  return [...linesOf(rows)]
    .filter(([title, line]) => written.get(title) !== line)
    .map(
      ([title, line]) =>
        `✗ docs/builds.md says ${written.get(title) ?? `nothing of ${title}`}\n    instead of   ${line}`,
    );
}
