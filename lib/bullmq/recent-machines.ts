/** The machines of a queue, asked for seldom: many jobs may be in doubt at once. */
import type { Exchange } from './exchange.ts';
import { type MachineReport, readReports } from './server-stats.ts';

/** Milliseconds for which an answer is good. */
const GOOD_FOR = 1_000;

export function recentMachines(
  exchange: Pick<Exchange, 'beats'>,
  now: () => number = () => performance.now(),
): () => Promise<readonly MachineReport[]> {
  let asked: Promise<readonly MachineReport[]> | undefined;
  let askedAt = 0;
  return () => {
    if (asked === undefined || now() - askedAt >= GOOD_FOR) {
      askedAt = now();
      asked = exchange.beats().then(readReports);
    }
    return asked;
  };
}
