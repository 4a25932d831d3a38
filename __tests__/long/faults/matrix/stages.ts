/** The stages of a task's way, each with the means to let it fail there. It knows no outcome. */
import type { Executor, ExecutorOptions, Future, Reducers } from 'loky';
import { type Way, ways } from './ways.ts';

export type StageName =
  | 'encoding its arguments, in a hook'
  | 'encoding its arguments, in a reducer'
  | 'rebuilding its arguments'
  | 'the initializer'
  | 'running'
  | 'encoding its result'
  | 'rebuilding its result'
  | 'what it left behind';

export interface Stage {
  readonly name: StageName;
  /** Where the way is tried; code of the user that ends the host itself is the user's business. */
  readonly happensIn: 'host' | 'worker';
  readonly submit: (executor: Pick<Executor, 'submit'>, way: Way) => Future<unknown>;
}

const HOOK: unique symbol = Symbol.for('loky.reduce') as never;
const misbehaviours = Object.fromEntries(ways.map(({ name, misbehave }) => [name, misbehave]));

/** What it says of the way is carried out when it is reduced, or when it is rebuilt. */
class Bomb {
  readonly when: 'reduced' | 'rebuilt';
  readonly way: string;

  constructor(when: Bomb['when'], way: string) {
    this.when = when;
    this.way = way;
  }
}

const bombs: Reducers[string] = {
  test: (value) => value instanceof Bomb,
  reduce: ({ when, way }: Bomb) => {
    if (when === 'reduced') misbehaviours[way]?.();
    return way;
  },
  rebuild: (way: string) => misbehaviours[way]?.(),
};

/** A reducer of results runs in the worker, and rebuilds in the host. */
class ResultBomb {
  readonly way: string;

  constructor(way: string) {
    this.way = way;
  }
}

const resultBombs: Reducers[string] = {
  test: (value) => value instanceof ResultBomb,
  reduce: ({ way }: ResultBomb) => way,
  rebuild: (way: string) => misbehaviours[way]?.(),
};

export const reducers: Pick<ExecutorOptions, 'jobReducers' | 'resultReducers'> = {
  jobReducers: { bombs },
  resultReducers: { resultBombs },
};

const ignore = (_argument: unknown): string => 'arrived';

/** In the worker that left something behind: from here on, it goes off. */
export const lingering = async (): Promise<string> => {
  Object.assign(globalThis, { somebodyRuns: true });
  await new Promise((resolve) => setTimeout(resolve, 300));
  return 'lingered';
};

export const stages: readonly Stage[] = [
  {
    name: 'encoding its arguments, in a hook',
    happensIn: 'host',
    submit: (executor, { misbehave }) => executor.submit(ignore, { [HOOK]: misbehave }),
  },
  {
    name: 'encoding its arguments, in a reducer',
    happensIn: 'host',
    submit: (executor, { name }) => executor.submit(ignore, new Bomb('reduced', name)),
  },
  {
    name: 'rebuilding its arguments',
    happensIn: 'worker',
    submit: (executor, { name }) => executor.submit(ignore, new Bomb('rebuilt', name)),
  },
  { name: 'the initializer', happensIn: 'worker', submit: (executor) => executor.submit(ignore, 1) },
  {
    name: 'running',
    happensIn: 'worker',
    submit: (executor, { misbehave }) => executor.submit(misbehave),
  },
  {
    name: 'encoding its result',
    happensIn: 'worker',
    submit: (executor, { misbehave }) => executor.submit(() => ({ [HOOK]: misbehave })),
  },
  {
    name: 'rebuilding its result',
    happensIn: 'host',
    submit: (executor, { name }) => executor.submit(() => new ResultBomb(name)),
  },
  {
    name: 'what it left behind',
    happensIn: 'worker',
    submit: (executor, { misbehave }) =>
      executor.submit(() => {
        const timer = setInterval(() => {
          if (!('somebodyRuns' in globalThis)) return;
          clearInterval(timer);
          misbehave();
        }, 5);
        return 'arrived';
      }),
  },
];

/** Whether the way can happen at that stage at all. */
export function makesSense(stage: Stage, { effect, name }: Way): boolean {
  if (stage.happensIn === 'host') return effect === 'throws' && name.startsWith('throws');
  // A hook or a reducer is synchronous: its promise is a value like others.
  return effect !== 'never settles' || stage.name === 'running' || stage.name === 'the initializer';
}
