/** The report at the end, as text. It knows measurements and failures, and nothing of how they came about. */
import type { Measurement } from '../measure/measure-file.ts';
import type { Shares } from '../timeline/shares.ts';
import { columns, count, megabytes, percent, seconds } from './format.ts';

export interface Failure {
  readonly path: string;
  readonly error: Error;
}

export interface Timing {
  readonly workers: number;
  /** Milliseconds for everything, the failures included. */
  readonly pool: number;
  /** Milliseconds for the same files without those that fail, in one process. */
  readonly oneProcess: number;
  /** What the workers' time went into. */
  readonly shares: Shares;
  /** How many programs wanted a processor when the demo began; 0 if that is not known. */
  readonly load: number;
}

const TOP = 10;
/** More failures than these are only counted. */
const FAILURES_SHOWN = 10;

export function report(
  measurements: readonly Measurement[],
  failures: readonly Failure[],
  timing: Timing,
): string {
  const sections = [
    totals(measurements, failures),
    mostComplexFunctions(measurements),
    extremes(measurements),
    failed(failures),
    speedUp(timing, measurements.length),
  ];
  return sections.map((lines) => lines.join('\n')).join('\n\n');
}

function totals(measurements: readonly Measurement[], failures: readonly Failure[]): string[] {
  const notParsed = measurements.filter(({ syntaxError }) => syntaxError !== undefined).length;
  const rows = [
    ['files measured', count(measurements.length)],
    ['  not parsed (JSX and the like)', count(notParsed)],
    ['files that failed', count(failures.length)],
    ['source text', megabytes(sum(measurements.map(({ bytes }) => bytes)))],
    ['functions', count(sum(measurements.map(({ functions }) => functions)))],
  ];
  return ['Totals', ...columns(rows, [1])];
}

function mostComplexFunctions(measurements: readonly Measurement[]): string[] {
  const rows = measurements
    .flatMap(({ path, mostComplex }) => (mostComplex === undefined ? [] : [{ path, ...mostComplex }]))
    .sort((a, b) => b.complexity - a.complexity)
    .slice(0, TOP)
    .map(({ path, name, line, complexity }) => [count(complexity), name, `${path}:${line}`]);
  return [
    `The ${TOP} most complex functions (cyclomatic complexity; the worst one of each file)`,
    ...columns(rows, [0]),
  ];
}

function extremes(measurements: readonly Measurement[]): string[] {
  const deepest = greatest(measurements, ({ deepestNesting }) => deepestNesting);
  const largest = greatest(measurements, ({ bytes }) => bytes);
  const most = greatest(measurements, ({ functions }) => functions);
  if (deepest === undefined || largest === undefined || most === undefined) return ['Nothing was measured'];
  return [
    'Extremes',
    ...columns([
      ['deepest nesting', `${deepest.deepestNesting} levels`, deepest.path],
      ['largest file', megabytes(largest.bytes), largest.path],
      ['most functions', count(most.functions), most.path],
    ]),
  ];
}

function failed(failures: readonly Failure[]): string[] {
  const lines = failures
    .slice(0, FAILURES_SHOWN)
    .flatMap(({ path, error }) => [
      `  ${path}`,
      ...`${error.name}: ${error.message}`.split('\n').map(indented),
    ]);
  const more = failures.length - FAILURES_SHOWN;
  return ['Failed, each by itself', ...lines, ...(more > 0 ? [`  and ${count(more)} more`] : [])];
}

function indented(line: string): string {
  return `    ${line}`;
}

function speedUp({ workers, pool, oneProcess, shares, load }: Timing, files: number): string[] {
  const rows = [
    [
      `${workers} workers, all files`,
      seconds(pool),
      'with their start, the crash, and the file that never returns',
    ],
    ['one process', seconds(oneProcess), `the same work without the files that fail: ${count(files)} files`],
    ['speed-up', `${(oneProcess / pool).toFixed(2)} ×`, 'the second figure divided by the first'],
  ];
  const lost = percent(shares.crash + shares.timeout);
  const time = `${percent(shares.task)} measuring, ${percent(shares.start)} starting, ${lost} lost to the files that fail, ${percent(shares.waiting)} waiting`;
  const isBusy = load > workers / 2;
  const note = `  Other programs ran as well (load ${load.toFixed(1)} for ${workers} processors): on a quiet machine it is faster.`;
  return ['Time', ...columns(rows, [1]), `  workers' time: ${time}`, ...(isBusy ? [note] : [])];
}

function greatest(
  measurements: readonly Measurement[],
  by: (measurement: Measurement) => number,
): Measurement | undefined {
  let best: Measurement | undefined;
  for (const each of measurements) if (best === undefined || by(each) > by(best)) best = each;
  return best;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
