/** Where tasks lie that a worker runs at the same time: each in a track of its row. */
import type { RunningTask, Slice } from '../aggregate/messages.ts';

/** How many tracks a lane has, and in which of them each running task lies: the first one that was free when it began. */
export function placesOf({
  slices,
  running,
}: {
  readonly slices: readonly Slice[];
  readonly running: readonly RunningTask[];
}): {
  readonly count: number;
  readonly running: readonly { readonly task: RunningTask; readonly track: number }[];
} {
  const [only] = running;
  if (running.length <= 1 && slices.every((slice) => slice[8] === 0))
    return { count: 1, running: only === undefined ? [] : [{ task: only, track: 0 }] };
  const ends: number[] = [];
  for (const [, from, duration, , , , , , track] of slices)
    ends[track] = Math.max(ends[track] ?? 0, from + duration);
  const placed = running.map((task) => {
    const free = Array.from(ends, (end) => end ?? 0).findIndex((end) => end <= task.since);
    const track = free === -1 ? ends.length : free;
    ends[track] = Number.POSITIVE_INFINITY;
    return { task, track };
  });
  return { count: ends.length, running: placed };
}
