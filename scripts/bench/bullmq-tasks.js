/** The tasks of the benchmark of loky/bullmq; its default export is the file of processors. */
import { defineTasks } from '../../dist/bullmq.js';

export function noop() {}

export function burn(rounds) {
  let sum = 0;
  for (let round = 0; round < rounds; round += 1) sum = (sum + round * round) % 1_000_003;
  return sum;
}

export const tasks = defineTasks(import.meta.url, { noop, burn });

/** Keeps its core busy for `job.data.ms` milliseconds. */
export default function work({ data: { ms } }) {
  if (ms === 0) return;
  const end = performance.now() + ms;
  while (performance.now() < end);
}
