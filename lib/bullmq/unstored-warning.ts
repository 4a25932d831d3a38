/** Warns where a process ends with tasks that are not stored: no machine would ever run them. */

interface Submitter {
  readonly unstoredCount: number;
  readonly queue: string;
}

const submitters = new Set<Submitter>();

/** To be called when it has tasks that are not stored, and when it has none. */
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
