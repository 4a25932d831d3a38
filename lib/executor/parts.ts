/** The parts of an executor that are loaded when they are first used. */
import { LaterPart } from '../system/later-part.ts';
import * as laterParts from './later-parts.ts';
import * as poolPart from './pool/pool.ts';

export const pool = new LaterPart('./pool.cjs', (): typeof poolPart => poolPart);
export const calls = new LaterPart('./later-parts.cjs', (): typeof laterParts => laterParts);

// The first executor may be made, and its first `map` be called, in a moment in which no file can be opened.
pool.keep();
calls.keep();
