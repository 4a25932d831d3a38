/**
 * A growing pause before workers that nobody waits for are started again: those that always die right after they
 * were ready would otherwise be started at full speed for ever. It starts none itself.
 */
import { createGrowingPause, type GrowingPause } from './growing-pause.ts';

export interface RestartPause extends Pick<GrowingPause, 'isOn' | 'stop'> {
  /** A worker has died while it did nothing; `age` in milliseconds since it was ready. */
  noteDeath(age: number, tasksDone: number): void;
}

/** A worker that lived so long, or has run a task, was a good one. */
const HEALTHY_LIFE = 1_000;
/** So many bad ones in a row are replaced at once. */
const REPLACED_AT_ONCE = 3;

/** @param onOver Called when those that are missing may be started. */
export function createRestartPause(onOver: () => void): RestartPause {
  const pause = createGrowingPause({ first: 100, longest: 30_000, onOver });
  let badOnes = 0;
  return {
    get isOn() {
      return pause.isOn;
    },
    noteDeath(age, tasksDone) {
      badOnes = age >= HEALTHY_LIFE || tasksDone > 0 ? 0 : badOnes + 1;
      if (badOnes > REPLACED_AT_ONCE) pause.begin();
      else pause.reset();
    },
    stop: pause.stop,
  };
}
