import { runUses } from '../program/run-uses.ts';
import { uses } from './all.ts';

export const run = (): Promise<void> => runUses(uses);
