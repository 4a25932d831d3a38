import type { TaskRegistry } from 'loky/bullmq';

export function double(n: number): number;
export function never(): Promise<never>;
export const tasks: TaskRegistry;
