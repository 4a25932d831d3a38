/** A module of tasks that takes long to load, in worker processes only. */
import { defineTasks } from 'loky/bullmq';

await new Promise((resolve) => setTimeout(resolve, Number(process.env.LOADS_FOR ?? 0)));

export const double = (n) => 2 * n;
export const never = () => new Promise(() => {});

export const tasks = defineTasks(import.meta.url, { double, never });
