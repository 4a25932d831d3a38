import { runUses } from '../../program/run-uses.ts';
import { uses } from '../erasable.ts';

export const run = (): Promise<void> => runUses(uses);
