/** What a task reported of itself, as far as it is a measure: anything else is the business of its program alone. */
import type { Progress } from './messages.ts';

/** `0.4`, `{ done, of }` or `{ done, total }`: `undefined` for all else. Never throws. */
export function readProgress(value: unknown): Progress | undefined {
  try {
    if (isMeasure(value)) return value <= 1 ? shareOf(value, 1) : { share: undefined, text: String(value) };
    if (typeof value !== 'object' || value === null) return undefined;
    const { done, of, total } = value as { done?: unknown; of?: unknown; total?: unknown };
    const all = of ?? total;
    if (!isMeasure(done)) return undefined;
    return isMeasure(all) && all > 0
      ? { ...shareOf(done, all), text: `${done} of ${all}` }
      : { share: undefined, text: String(done) };
  } catch {
    return undefined;
  }
}

function isMeasure(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function shareOf(done: number, all: number): Progress {
  const share = Math.min(1, done / all);
  return { share: Math.round(share * 1000) / 1000, text: `${Math.round(share * 100)} %` };
}
