/** The warnings of an executor over a queue: of tasks that may still run, and of tasks that are lost with the process. */

/** Jobs that it names at most. */
const SHOWN = 10;

/** They may run although their submitter wants them no more: it has left before the engine took that. */
export function warnOfLeftovers(queue: string, ids: readonly string[]): void {
  if (ids.length === 0) return;
  const shown = ids.slice(0, SHOWN).join(', ') + (ids.length > SHOWN ? ', …' : '');
  process.emitWarning(
    `${ids.length} tasks of the queue ${queue} that were cancelled or have failed could not be withdrawn until ` +
      `shutdown ended, because Redis did not accept it, and may still run. Remove their jobs: ${shown}`,
    { type: 'LokyWarning', code: 'LOKY_NOT_WITHDRAWN' },
  );
}

interface Submitter {
  readonly unstoredCount: number;
  readonly queue: string;
}

const submitters = new Set<Submitter>();

/** No machine would ever run them. To be called when it has tasks that are not stored, and when it has none. */
export function watchUnstored(submitter: Submitter, hasSome: boolean): void {
  if (hasSome === submitters.has(submitter)) return;
  if (hasSome) submitters.add(submitter);
  else submitters.delete(submitter);
  if (hasSome && submitters.size === 1) process.on('exit', warn);
  else if (submitters.size === 0) process.off('exit', warn);
}

/** `process.emitWarning` would come too late: it waits for a tick, and there is none after `exit`. */
function warn(): void {
  for (const { unstoredCount, queue } of submitters) {
    const warning = new Error(
      `${unstoredCount} tasks that were submitted to the queue ${queue} were not stored when the process ended, and are lost: ` +
        'await executor.flush(), or their futures, before',
    );
    const named = Object.assign(warning, { name: 'LokyWarning', code: 'LOKY_NOT_STORED' });
    process.emit('warning', named);
  }
}
