/** Plans of which future gets done when and how, for property tests. They know no clock: ticks are counted by the test. */
import fc from 'fast-check';
import { type OwnedFuture, ownedFuture } from './owned-future.ts';

/** In milliseconds. Deadlines fall between two ticks: nothing happens in the same moment. */
export const TICK = 10;

export type Outcome = 'value' | 'error' | 'cancelled';

export interface Plan {
  readonly outcome: Outcome;
  /** At which tick it is done; 0 is before the call, `undefined` is never. */
  readonly at: number | undefined;
}

export const LAST_TICK = 4;
export const plans = fc.array(
  fc.record<Plan>({
    outcome: fc.constantFrom<Outcome>('value', 'error', 'cancelled'),
    at: fc.option(fc.nat(LAST_TICK), { nil: undefined, freq: 6 }),
  }),
  { maxLength: 7 },
);
export const timeouts = fc.option(
  fc.oneof(
    fc.constant(0),
    fc.nat(LAST_TICK - 1).map((tick) => tick * TICK + TICK / 2),
  ),
  { nil: undefined, freq: 2 },
);

export function makeFutures(all: readonly Plan[]): OwnedFuture<unknown>[] {
  return all.map(() => ownedFuture());
}

function finish(owned: OwnedFuture<unknown>, { outcome }: Plan): void {
  if (owned.future.done()) return;
  if (outcome === 'value') owned.succeed('value');
  else if (outcome === 'error') owned.fail(new Error('error'));
  else owned.future.cancel();
}

/** In an order of their own, all in one go: whoever waits sees them together. */
export function finishAll(owned: readonly OwnedFuture<unknown>[], all: readonly Plan[], tick: number): void {
  all.forEach((plan, index) => {
    if (plan.at === tick) finish(owned[index] as OwnedFuture<unknown>, plan);
  });
}
