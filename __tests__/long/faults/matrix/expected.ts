/** The outcome table of the package, as a function: what must become of everybody, by stage, effect and rule. */
import { expect } from '@jest/globals';
import type { Stage } from './stages.ts';
import type { Way } from './ways.ts';

export type CrashRule = 'break' | 'isolate';

export interface Expected {
  /** What the future that misbehaves holds: a value, or an error that matches. */
  readonly victim: Outcome;
  /** The task that runs in the same worker after it; only where something was left behind. */
  readonly successor: Outcome;
  /** The neighbour and those who wait: all well, or failed with the very error that broke the pool. */
  readonly isBroken: boolean;
}

export type Outcome = { readonly value: unknown } | { readonly error: unknown };

const WELL: Outcome = { value: 'arrived' };
const LINGERED: Outcome = { value: 'lingered' };

export function expectedOf(stage: Stage, way: Way, rule: CrashRule): Expected {
  const breaks = way.effect === 'ends' && rule === 'break';
  const fate = fateOf(way);
  switch (stage.name) {
    case 'the initializer':
      return { victim: named('InitializerError'), successor: LINGERED, isBroken: true };
    case 'what it left behind': {
      const ends = way.effect === 'throws' || way.effect === 'ends';
      return { victim: WELL, successor: leftBehind(way, fate), isBroken: ends && rule === 'break' };
    }
    case 'running':
      return { victim: fate, successor: LINGERED, isBroken: breaks };
    default:
      return {
        victim: way.effect === 'throws' ? named('SerializationError') : fate,
        successor: LINGERED,
        isBroken: breaks,
      };
  }
}

/** Of a task that itself misbehaves. */
function fateOf({ effect, thrown, report }: Way): Outcome {
  switch (effect) {
    case 'throws':
      return { error: typeof thrown === 'object' ? expect.objectContaining(thrown as object) : thrown };
    case 'ends':
      return { error: expect.objectContaining({ name: 'TerminatedWorkerError', ...report }) };
    case 'loops':
    case 'never settles':
      return named('TimeoutError');
  }
}

/** Of a task in whose worker somebody else's code misbehaves. */
function leftBehind({ effect, thrown }: Way, fate: Outcome): Outcome {
  if (effect !== 'throws') return fate;
  const cause = typeof thrown === 'object' ? expect.objectContaining(thrown as object) : thrown;
  return {
    error: expect.objectContaining({ name: 'TerminatedWorkerError', reason: 'uncaught-exception', cause }),
  };
}

function named(name: string): Outcome {
  return { error: expect.objectContaining({ name }) };
}
