/** The tasks of the benchmark: one does nothing, one keeps a core busy. */
import { defineTasks } from '../../dist/bullmq.js';

export function noop() {}

export function burn(rounds) {
  let sum = 0;
  for (let round = 0; round < rounds; round += 1) sum = (sum + round * round) % 1_000_003;
  return sum;
}

export const tasks = defineTasks(import.meta.url, { noop, burn });
