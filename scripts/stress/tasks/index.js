/**
 * The tasks of the chaos. For each kind: how often it comes, what it takes besides the file of runs and its number
 * (`extra`), what may become of it when nothing disturbs it, and whether it ends its worker.
 */
import { harmful } from './harmful.js';
import { harmless } from './harmless.js';

export const kinds = { ...harmless, ...harmful };
