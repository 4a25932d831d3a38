/**
 * Claims: how host and worker agree on which of them starts or revokes a task that was sent ahead, while the worker's
 * thread is busy. They share one open file, and so one offset: a read moves it on for both, so that each record
 * is read by exactly one of them. The side that reads a task's number has it.
 */
import { ftruncateSync, readSync, writeSync } from 'node:fs';
import { closeAll, openNamelessFile } from '../system/nameless-file.ts';

/** The descriptor of the claims in a worker. */
export const CLAIMS_DESCRIPTOR = 4;
const RECORD_BYTES = 4;
/** A file of this size takes no more until its records were all read and it is emptied; a hole costs nothing. */
const LARGEST_BYTES = 1024 * 1024;

/** The host's side. */
export interface ClaimLedger {
  /** To be inherited by the worker as {@link CLAIMS_DESCRIPTOR}. */
  readonly descriptor: number;
  /** Before the tasks themselves are sent. Returns how many of them there was room for: the others may not be sent. */
  post(ids: readonly number[]): number;
  /** The ids of all that have not begun: they will not, unless they are posted again. */
  revoke(): number[];
  /** To be called when all that was posted has been read: the room is free again. */
  clear(): void;
  close(): void;
}

/**
 * `undefined` where there is no place for such a file, or descriptors are no such thing.
 *
 * @throws if there is no descriptor for it now: there is none for a worker's process either.
 */
export function createClaimLedger(platform: NodeJS.Platform = process.platform): ClaimLedger | undefined {
  if (platform !== 'linux') return undefined;
  const file = openNamelessFile(1);
  return file && ledgerOn(file.reading[0] as number, file.writing);
}

/** Takes all that a file can hold; memory that nothing was read into is not used. Shared by all of this process. */
let unread: Buffer | undefined;

function ledgerOn(reading: number, writing: number): ClaimLedger {
  let end = 0;
  let emptiedAt = 0;
  let isFull = false;
  let buffer = Buffer.allocUnsafe(64 * RECORD_BYTES);

  function clear(): void {
    if (end - emptiedAt < LARGEST_BYTES && !isFull) return;
    ftruncateSync(writing, 0);
    emptiedAt = end;
    isFull = false;
  }

  return {
    descriptor: reading,
    post(ids) {
      const bytes = Math.min(ids.length * RECORD_BYTES, LARGEST_BYTES - (end - emptiedAt));
      if (bytes === 0) return 0;
      if (bytes > buffer.length) buffer = Buffer.allocUnsafe(bytes);
      for (let at = 0; at < bytes; at += RECORD_BYTES)
        buffer.writeUInt32LE(ids[at / RECORD_BYTES] as number, at);
      const posted = Math.floor(write(writing, buffer, bytes, end) / RECORD_BYTES);
      end += posted * RECORD_BYTES;
      isFull = posted * RECORD_BYTES < bytes; // the file system is full: `clear` then frees what was read
      return posted;
    },
    revoke() {
      const ids: number[] = [];
      // By one read: between two, the worker could claim one of the later ones, and it would not be the last ones
      // that were revoked.
      unread ??= Buffer.allocUnsafeSlow(LARGEST_BYTES);
      const bytes = readSync(reading, unread, 0, unread.length, null);
      for (let at = 0; at < bytes; at += RECORD_BYTES) ids.push(unread.readUInt32LE(at));
      clear();
      return ids;
    },
    clear,
    close() {
      closeAll([reading, writing]);
    },
  };
}

/** How much of it was written: the file system may be full, as a small /dev/shm is soon. */
function write(descriptor: number, buffer: Buffer, bytes: number, at: number): number {
  try {
    return writeSync(descriptor, buffer, 0, bytes, at);
  } catch {
    return 0;
  }
}

interface ClaimReader {
  /** Whether a call that was sent ahead starts, or a chunk continues: each time by a separate claim. */
  mayBegin(id: number): boolean;
  /** What was claimed for a chunk is of no use when it is answered. */
  drop(): void;
}

/**
 * The worker's side: whether a call that was sent ahead may begin, asked for each of them in their order. It may if this
 * worker gets its claim before the host takes it back.
 *
 * @param read Kept by a worker from before any task could replace it.
 */
export function createClaimReader(read: typeof readSync): ClaimReader {
  const record = Buffer.allocUnsafe(RECORD_BYTES);
  let claimed: number | undefined;
  const next = (): number | undefined => {
    try {
      if (read(CLAIMS_DESCRIPTOR, record, 0, RECORD_BYTES, null) === RECORD_BYTES)
        return record.readUInt32LE(0);
    } catch {} // closed by a task: what was sent ahead is handed back, and the host ends this worker
    return undefined;
  };
  return {
    mayBegin(id) {
      claimed ??= next();
      if (claimed !== id) return false; // a later one, or none: this one was revoked
      claimed = undefined;
      return true;
    },
    drop() {
      claimed = undefined;
    },
  };
}
