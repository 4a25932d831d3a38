/** The task of the benchmark: does nothing. */
import { defineTasks } from '../../dist/bullmq.js';

export function noop() {}

export const tasks = defineTasks(import.meta.url, { noop });
