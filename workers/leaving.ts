/** The ways in which a worker ends on its own. */
import type { Channel } from '../lib/child/frames.ts';
import { FrameKind } from '../lib/child/protocol.ts';
import type { Payload } from '../lib/sending/common/payload.ts';
import { setTimeout } from '../lib/system/timers.ts';
import { drained, natives } from './natives.ts';

/** The host asked for it: everything was answered before. */
export async function leave(channel: Channel): Promise<void> {
  await drained(channel);
  natives.exit(0);
}

/** In milliseconds. */
const GUARDIAN_PATIENCE = 500;
/** So often is a host waited for that is there, and busy: a task has closed the channel, and it will end this worker for that. */
const HOST_PATIENCE = 10;

const hostPid = process.ppid;

/**
 * The host is gone: nothing this worker or a descendant could do matters any more. The host's guardian ends them
 * all, and must find this process alive for that: descendants in sessions of their own are known by their parents.
 */
export function endWithHost(rounds = HOST_PATIENCE): void {
  setTimeout(() => {
    if (process.ppid === hostPid && rounds > 1) endWithHost(rounds - 1);
    else endGroup();
  }, GUARDIAN_PATIENCE);
}

function endGroup(): void {
  try {
    natives.kill(-process.pid, 'SIGKILL');
  } catch {
    natives.exit(0); // not a group leader on this platform
  }
}

/** A timer or promise that a task left behind threw, or the worker's own code did: the state of this process is unknown from here on. */
export async function leaveAfterUncaught(
  channel: Channel,
  encode: (error: unknown) => Payload | undefined,
  error: unknown,
): Promise<void> {
  try {
    console.error(error);
  } catch {} // a console of the task's own; throwing here would lead here again, without end
  try {
    const encoded = encode(error);
    if (encoded !== undefined) channel.send(FrameKind.uncaught, 0, encoded.body, encoded.views);
    await drained(channel);
  } finally {
    natives.exit(1);
  }
}
