/** Joins tasks that are too short to be seen one by one, so that the picture stays small. It draws nothing. */
import type { Span } from './record.ts';

/**
 * @param shortest What is shorter, in milliseconds, is joined with its neighbours of the same worker if these are
 * as short and no more than that away.
 */
export function mergeShort(spans: readonly Span[], shortest: number): Span[] {
  const merged: Span[] = [];
  const groups = new Map<number, Span[]>();
  const close = (rank: number) => {
    const group = groups.get(rank);
    if (group !== undefined) merged.push(join(group));
    groups.delete(rank);
  };
  for (const span of [...spans].sort((a, b) => a.from - b.from)) {
    const last = groups.get(span.rank)?.at(-1);
    const isShort = span.kind === 'task' && span.to - span.from < shortest;
    if (last !== undefined && (!isShort || span.from - last.to > shortest)) close(span.rank);
    if (!isShort) merged.push(span);
    else if (groups.has(span.rank)) groups.get(span.rank)?.push(span);
    else groups.set(span.rank, [span]);
  }
  for (const rank of [...groups.keys()]) close(rank);
  return merged;
}

function join(group: readonly Span[]): Span {
  const [first] = group;
  const last = group.at(-1);
  if (first === undefined || last === undefined) throw new Error('a group of spans to join has at least one');
  return group.length === 1 ? first : { ...first, to: last.to, label: `${group.length} short files` };
}
