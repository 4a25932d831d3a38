/** Reads results as questions: a figure, the best of the peers, a table of a scenario. Knows no output format. */
import { formatRatio, formatSummary } from './format.js';

const PEERS = ['process', 'threads', 'python'];

export function summaryOf(results, scenario, metric, lib) {
  return results.scenarios[scenario]?.[lib]?.metrics[metric];
}

export function medianOf(results, scenario, metric, lib) {
  return summaryOf(results, scenario, metric, lib)?.median;
}

/** The best of the libraries of these kinds, `{ lib, label, value }`; what is wrong does not count. */
export function bestOf(results, scenario, metricName, kinds = PEERS) {
  const { better } = scenario.metrics[metricName];
  const candidates = Object.entries(results.scenarios[scenario.name] ?? {})
    .filter(([lib, { status }]) => kinds.includes(results.libraries[lib]?.kind) && status !== 'wrong')
    .map(([lib, { metrics }]) => ({
      lib,
      label: results.libraries[lib].label,
      value: metrics[metricName]?.median,
    }))
    .filter(({ value }) => value !== undefined);
  return candidates.sort((a, b) => (better === 'lower' ? a.value - b.value : b.value - a.value))[0];
}

/** What a cell says where there is no figure, or what must be said beside one. */
function remark(status, hasFigure) {
  if (status === 'ok') return hasFigure ? '' : '–';
  if (status === 'lossy') return '';
  return status;
}

/** `{ head, rows }` in text: a row a library, a column a metric, then the ratios of the first metric. */
export function tableOf(results, scenario) {
  const entries = results.scenarios[scenario.name] ?? {};
  const names = Object.keys(results.libraries).filter((lib) => entries[lib]);
  const metrics = Object.entries(scenario.metrics);
  const shown = metrics.filter(([key]) => names.some((lib) => entries[lib].metrics[key]));
  if (shown.length === 0) return undefined;
  const [first] = metrics[0];
  const best = bestOf(results, scenario, first);
  const raw = medianOf(results, scenario.name, first, 'raw');
  const ratios = [
    ...(best ? [['÷ best peer', best.value]] : []),
    ...(raw === undefined ? [] : [['÷ raw', raw]]),
  ];
  const rows = names.map((lib) => {
    const { status, metrics: figures, message } = entries[lib];
    const cells = shown.map(([key, { unit }], column) => {
      const text = figures[key] ? formatSummary(figures[key], unit) : '';
      const note = column === 0 ? remark(status, text !== '') : '';
      return [text, note].filter(Boolean).join(' ');
    });
    const own = figures[first]?.median;
    const note = status === 'lossy' ? 'another type comes back' : (message ?? '');
    return [
      results.libraries[lib].label,
      ...cells,
      ...ratios.map(([, base]) => (own === undefined ? '' : formatRatio(own / base))),
      note,
    ];
  });
  const head = [
    '',
    ...shown.map(([, { title, unit }]) => `${title}, ${unit}`),
    ...ratios.map(([title]) => title),
    '',
  ];
  return { head, rows };
}
