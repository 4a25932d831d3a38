/** Act 1 in sentences and figures. */
import { milliseconds, table } from '../text.js';

export function linesOfServer({ searches, runs }) {
  const [here, pool] = runs;
  const rows = runs.map(({ label, p50, p99, loopDelay, took }) => [
    label,
    ...[p50, p99, loopDelay, took].map(milliseconds),
  ]);
  return [
    `   An HTTP server of this process answers ${searches} CPU-heavy searches, while /health is asked every 10 ms.`,
    ...table([['searches run', '/health p50', 'p99', 'longest event loop delay', 'all searches'], ...rows]),
    `   ${verdictOfServer(here, pool)}`,
  ];
}

export function verdictOfServer(here, pool) {
  if (here.p99 > 1.5 * pool.p99)
    return `With the pool, 99 of 100 visitors have /health within ${milliseconds(pool.p99)}; without it, within ${milliseconds(here.p99)}.`;
  return 'The pool made no difference here: other programs kept the processors so busy that the server itself had to wait.';
}
