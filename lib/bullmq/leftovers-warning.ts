/** The warning of jobs that may run although their submitter wants them no more: it has left before the engine took that. */

/** Jobs that it names at most. */
const SHOWN = 10;

export function warnOfLeftovers(queue: string, ids: readonly string[]): void {
  if (ids.length === 0) return;
  const shown = ids.slice(0, SHOWN).join(', ') + (ids.length > SHOWN ? ', …' : '');
  process.emitWarning(
    `${ids.length} tasks of the queue ${queue} that were cancelled or have failed could not be withdrawn until ` +
      `shutdown ended, because Redis did not accept it, and may still run. Remove their jobs: ${shown}`,
    { type: 'LokyWarning', code: 'LOKY_NOT_WITHDRAWN' },
  );
}
