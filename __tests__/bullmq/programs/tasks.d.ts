import type { TaskRegistry } from 'loky/bullmq';

export function add(a: number, b: number): number;
export function square(n: number): number;
export function echo<T>(value: T): T;
export function noop(): undefined;
export function whoAmI(): { id: string; attempt: number; queue: string; pid: number };
export function grow(length: number): string;
export function fail(message: string): never;
export function failOn(item: string): string;
export function sleep(ms: number): Promise<number>;
export function hang(file: string): Promise<void>;
export function crash(): void;
export function crashUntilAttempt(attempt: number): number;
export function work(file: string, index: number): number;
export function burn(rounds: number): number;
export const tasks: TaskRegistry;
