import type { TaskRegistry } from 'loky/bullmq';
import type { Money } from './money.js';

export declare function steps(count: number, value?: unknown): Promise<number>;
export function add(a: number, b: number): number;
export function square(n: number): number;
export function echo<T>(value: T): T;
export function noop(): undefined;
export function whoAmI(): { id: string; attempt: number; queue: string; pid: number };
export function price(amount: number): Money;
export function grow(length: number): string;
export function fail(message: string): never;
export function failOn(item: string): string;
export function throwBare(): never;
export function failLater(message: string): Promise<never>;
export function sleep(ms: number): Promise<number>;
export function hang(file: string): Promise<void>;
export function crash(): void;
export function crashUntilAttempt(attempt: number): number;
export function work(file: string, index: number): number;
export function lookUp<T>(
  shared: { readonly value: ReadonlyMap<string, T> },
  key: string,
  fate?: { crash?: boolean; file?: string; ms?: number },
): Promise<{ found: T | undefined; copies: number; pid: number }>;
export function burn(rounds: number): number;
export function trace(folder: string, index: number, fate: 'crash' | 'hang' | 'work'): Promise<number>;
export function print(count: number): number;
export const tasks: TaskRegistry;
