import {
  current,
  type Draft,
  enableMapSet,
  enablePatches,
  immerable,
  nothing,
  original,
  produce,
  produceWithPatches,
} from 'immer';
import { use } from './use.ts';

interface State {
  readonly user: { readonly name: string; readonly tags: readonly string[] };
  readonly count: number;
}

class Clock {
  [immerable] = true;
  readonly hour: number;
  constructor(hour: number) {
    this.hour = hour;
  }
  tick(): Clock {
    return produce(this, (draft: Draft<Clock>) => {
      (draft as { hour: number }).hour += 1;
    });
  }
}

const initial: State = { user: { name: 'ann', tags: ['a'] }, count: 0 };
const rename = produce((draft: Draft<State>, name: string) => {
  draft.user.name = name;
});

export const increment = (state: State, by: number): State =>
  produce(state, (draft) => {
    draft.count += by;
  });

use('immer', 'an exported function: produce', increment, initial, 2);
use('immer', 'a curried producer', (name: string) => rename(initial, name), 'bob');
use('immer', 'a curried producer itself', rename as (state: State, name: string) => State, initial, 'bob');
use(
  'immer',
  'a frozen state',
  (state: State) => Object.isFrozen(produce(state, () => undefined)),
  produce(initial, (draft) => {
    draft.count = 1;
  }),
);
use(
  'immer',
  'what produce gives is frozen',
  (state: State) => produce(state, (draft) => void draft.user.tags.push('b')),
  initial,
);
use('immer', 'an immerable class', (clock: Clock) => clock.tick(), new Clock(3));
use(
  'immer',
  'original and current',
  (state: State) => {
    let seen: unknown[] = [];
    produce(state, (draft) => {
      draft.count = 9;
      seen = [original(draft)?.count, current(draft).count];
    });
    return seen;
  },
  initial,
);
use(
  'immer',
  'patches',
  (state: State) => {
    enablePatches();
    return produceWithPatches(state, (draft) => {
      draft.user.tags.push('c');
    });
  },
  initial,
);
use(
  'immer',
  'a Map',
  (map: Map<string, number>) => {
    enableMapSet();
    return produce(map, (draft) => {
      draft.set('b', -0);
    });
  },
  new Map([['a', 1]]),
);
use('immer', 'nothing', () => produce(initial as State | undefined, () => nothing as never));
use(
  'immer',
  'an error',
  (state: State) =>
    produce(state, ((draft: { count: number }) => {
      draft.count = 1;
      return { count: 2 };
    }) as never),
  initial,
);
