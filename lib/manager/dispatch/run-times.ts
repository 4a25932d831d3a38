/** How long the tasks of a function take, to tell how many of them may be sent ahead. */
import type { Definition } from '../../sending/index.ts';

interface RunTime {
  /** In microseconds, the latest ones counting most. */
  mean: number;
  worst: number;
}

/** What a worker may have in its queue, in microseconds of work. */
const WORK_AHEAD = 1000;
/** A function that took longer than this of late goes alone, in microseconds. */
const SHORT = 5000;
const DEEPEST = 128;
/** Its answer is there about when a core that fell asleep would be awake again, in microseconds. */
const BRIEF = 50;

export class RunTimes {
  readonly #times = new WeakMap<Definition, RunTime>();

  /** @param time In microseconds. */
  note(definition: Definition, time: number): void {
    const known = this.#times.get(definition);
    if (known === undefined) this.#times.set(definition, { mean: time, worst: time });
    else {
      known.mean += (time - known.mean) * 0.1;
      known.worst = Math.max(time, known.worst * 0.9);
    }
  }

  /** How many tasks of this function a worker may have at a time; 1 for one that is not known to be short. */
  depthOf(definition: Definition): number {
    const known = this.#times.get(definition);
    if (known === undefined || known.worst > SHORT) return 1;
    return Math.min(DEEPEST, Math.max(1, Math.floor(WORK_AHEAD / (known.mean + 1))));
  }

  /** Whether it is worth staying awake for the answer. */
  isBrief(definition: Definition): boolean {
    const known = this.#times.get(definition);
    return known !== undefined && known.mean < BRIEF;
  }
}
