/** The tasks, as `loky/bullmq` wants them, and as a file of a processor of BullMQ: the name of a job is that of its task. */
import { defineTasks } from '../../dist/bullmq.js';
import benchTasks from './tasks.cjs';

export const { noop, census, spin } = benchTasks;
export const tasks = defineTasks(import.meta.url, { noop, census, spin });

export default async ({ name, data }) => benchTasks[name](data);
