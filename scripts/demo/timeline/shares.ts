/** What the workers' time went into, in shares of it all. It knows spans and draws nothing. */
import type { Span } from './record.ts';

export type Shares = Readonly<Record<Span['kind'] | 'waiting', number>>;

/** @param duration Milliseconds, for each of the workers. */
export function sharesOf(spans: readonly Span[], duration: number, workers: number): Shares {
  const all = duration * workers;
  const share = (kind: Span['kind']): number =>
    spans.filter((span) => span.kind === kind).reduce((sum, { from, to }) => sum + (to - from), 0) / all;
  const shares = {
    start: share('start'),
    task: share('task'),
    crash: share('crash'),
    timeout: share('timeout'),
  };
  const used = Object.values(shares).reduce((sum, each) => sum + each, 0);
  return { ...shares, waiting: Math.max(0, 1 - used) };
}
