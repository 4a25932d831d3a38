/** What this package gives to tasks and every worker has by itself: to refer to it loads nothing there. */
import * as errors from '../../errors.ts';
import { reportProgress, taskSignal, workerInfo } from '../../system/worker-link.ts';
import type { Row } from './row.ts';

const functions: Readonly<Record<string, unknown>> = { reportProgress, taskSignal, workerInfo };

const own: Readonly<Record<string, unknown>> = { ...errors, ...functions };

/** Stands for a namespace of all of it. */
export const ALL_OWN = '*';

/** Whether an import of the package under this name can do without the package. */
export function isOwnFunction(name: string, value: unknown): boolean {
  return value !== undefined && Object.hasOwn(functions, name) && functions[name] === value;
}

export function ownNamed(name: string): unknown {
  if (name === ALL_OWN) return own;
  return Object.hasOwn(own, name) ? own[name] : undefined;
}

const names = new Map<unknown, string>();

/** For what this package gives to tasks. */
export function ownRow(value: object): Row | undefined {
  if (typeof value !== 'function') return undefined;
  if (names.size === 0) for (const [name, member] of Object.entries(own)) names.set(member, name);
  const name = names.get(value);
  return name === undefined ? undefined : { head: ['own', name], children: [] };
}
