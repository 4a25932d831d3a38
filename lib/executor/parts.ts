/** The parts of an executor that are loaded when they are first used. */
import { LaterPart } from '../system/later-part.ts';
import { later } from './later.ts';
import { later as laterPool } from './pool/later.ts';

export const pool = new LaterPart('./pool.cjs', () => laterPool());
export const calls = new LaterPart('./later-parts.cjs', () => later());

// The first executor may be made, and its first `map` be called, in a moment in which no file can be opened.
pool.keep();
calls.keep();
