/** Who is measured in which scenario, in which order, and who need not be tried again. */
import { loadAdapter } from '../adapters/index.js';

/** The adapters that can run here, by name; `missing` says why the others cannot. */
export async function findAdapters(names) {
  const adapters = new Map();
  const missing = new Map();
  for (const name of names) {
    const adapter = await loadAdapter(name);
    const reason = adapter.unavailable?.();
    if (reason) missing.set(name, reason);
    else adapters.set(name, adapter);
  }
  return { adapters, missing };
}

/** The libraries of a scenario, the order rotated by one from round to round. */
export function inOrder(scenario, adapters, round) {
  const names = [...adapters.keys()].filter((name) => {
    const adapter = adapters.get(name);
    if (scenario.libs && !scenario.libs.includes(name)) return false;
    if (adapter.only && !adapter.only.includes(scenario.name)) return false;
    return scenario.applies?.({ name, adapter }) ?? true;
  });
  const shift = names.length ? round % names.length : 0;
  return [...names.slice(shift), ...names.slice(0, shift)];
}

/** What takes longer (ms) is measured once. */
const SLOW = 12_000;

/** One that hung, crashed, was wrong or very slow is not tried again: its time is better spent. */
export function isSettled(samples) {
  return samples.some(({ status, took }) => (status !== 'ok' && status !== 'lossy') || took > SLOW);
}
