/** How deep executors are nested; it travels to workers by environment. */
import { LokyRecursionError } from '../errors.ts';

export const DEPTH_VARIABLE = 'LOKY_DEPTH';
const DEFAULT_MAX_DEPTH = 10;

/** 0 in the main process, 1 in its workers, and so on. */
export function currentDepth(): number {
  const depth = Number(process.env[DEPTH_VARIABLE] ?? 0);
  return Number.isInteger(depth) && depth > 0 ? depth : 0;
}

/** @throws LokyRecursionError if an executor made here would nest deeper than `LOKY_MAX_DEPTH` (10; 0 or less: no limit). */
export function checkDepth(): void {
  const text = process.env.LOKY_MAX_DEPTH;
  const max = text === undefined || text.trim() === '' ? DEFAULT_MAX_DEPTH : Number(text);
  if (Number.isNaN(max)) throw new TypeError(`LOKY_MAX_DEPTH must be a number, got ${JSON.stringify(text)}`);
  const depth = currentDepth() + 1;
  if (max <= 0 || depth <= max) return;
  throw new LokyRecursionError(
    `Could not make an executor at depth ${depth}: executors are nested more deeply than the maximum of ${max}. ` +
      'If this is intended, raise it with the environment variable LOKY_MAX_DEPTH.',
  );
}
