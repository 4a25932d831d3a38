/**
 * The shared values of a machine: each is read from the store once, for all jobs and workers, and kept until others need the room.
 * The host does not decode them.
 */

import { type Shared, type SharedState, sharedState } from '../sending/common/shared.ts';
import { PayloadStoreError, VersionSkewError } from './errors.ts';
import type { SharedHandles } from './in-worker.ts';
import { getPayload, hashOf, type PayloadStore } from './payload-store.ts';
import { type JobData, readShared, type SharedReference } from './wire.ts';

/** What a job needs of them. */
export interface JobShares {
  /** By the numbers by which the job refers to them. */
  readonly handles: SharedHandles;
  /** Once: the job has ended here. */
  release(): void;
}

interface Kept {
  readonly handle: Promise<Shared<unknown>>;
  /** 0 until it is read. */
  bytes: number;
  /** Jobs that run here. */
  users: number;
}

interface MachineSharesSettings {
  readonly store?: PayloadStore | undefined;
  readonly maxShared: number;
  readonly executor: { share<T>(value: T): Shared<T> };
}

export class MachineShares {
  readonly #settings: MachineSharesSettings;
  /** The one that was used least lately is the first. */
  readonly #kept = new Map<string, Kept>();
  #bytes = 0;

  constructor(settings: MachineSharesSettings) {
    this.#settings = settings;
  }

  /**
   * @throws VersionSkewError if this machine has no store: another one may. PayloadStoreError
   * @throws TypeError for what no submitter writes.
   */
  async take(jobId: string, shared: NonNullable<JobData['shared']>): Promise<JobShares> {
    const references = readShared(shared);
    if (references === undefined)
      throw new TypeError(`job ${jobId} refers to shared values in an unknown way`);
    const { store } = this.#settings;
    if (store === undefined) throw noStore(jobId);
    const taken = references.map((reference) => this.#hold(store, reference));
    const release = (): void => {
      for (const kept of taken) kept.users -= 1;
      this.#makeRoom();
    };
    try {
      const handles = await Promise.all(taken.map(({ handle }) => handle));
      return {
        handles: new Map(references.map(([id], index) => [id, handles[index] as Shared<unknown>])),
        release,
      };
    } catch (error) {
      release();
      throw error;
    }
  }

  close(): void {
    for (const [name, kept] of this.#kept) this.#drop(name, kept);
  }

  #hold(store: PayloadStore, [, key, hash]: SharedReference): Kept {
    const name = `${key} ${hash}`;
    const kept = this.#kept.get(name) ?? this.#read(store, name, key, hash);
    this.#kept.delete(name);
    this.#kept.set(name, kept);
    kept.users += 1;
    return kept;
  }

  /** What failed is read again for the next job. */
  #read(store: PayloadStore, name: string, key: string, hash: string): Kept {
    const handle = fetchShared(store, key, hash).then((data) => {
      const shared = this.#share(data);
      kept.bytes = data.length;
      this.#bytes += data.length;
      return shared;
    });
    const kept: Kept = { handle, bytes: 0, users: 0 };
    handle.catch(() => {
      if (this.#kept.get(name) === kept) this.#kept.delete(name);
    });
    return kept;
  }

  /** The executor has bytes of its own to send. */
  #share(data: Uint8Array): Shared<unknown> {
    const handle = this.#settings.executor.share<unknown>(data);
    (sharedState(handle) as SharedState).value = undefined;
    return handle;
  }

  #makeRoom(): void {
    for (const [name, kept] of this.#kept) {
      if (this.#bytes <= this.#settings.maxShared) return;
      if (kept.users === 0) this.#drop(name, kept);
    }
  }

  #drop(name: string, kept: Kept): void {
    this.#kept.delete(name);
    this.#bytes -= kept.bytes;
    kept.handle.then((handle) => handle[Symbol.dispose]()).catch(() => {});
  }
}

async function fetchShared(store: PayloadStore, key: string, hash: string): Promise<Uint8Array> {
  const data = await getPayload(store, key, 'a shared value').catch((error: Error) => {
    throw new PayloadStoreError(error.message + GONE_HINT, { cause: error.cause });
  });
  if (hashOf(data) === hash) return data;
  throw new PayloadStoreError(
    `the store gave other bytes for a shared value than were put there (key ${key}): each key must be written once, and read whole`,
  );
}

const GONE_HINT =
  '\n  hint: a shared value is in the store until its handle is disposed or its executor is shut down: do that after the last job, and let ' +
  'the store remove only what is older than jobs are kept';

const noStore = (jobId: string): VersionSkewError =>
  new VersionSkewError(
    `job ${jobId} needs a shared value, which lies in a store, and the serving machine has none: give serveTasks the same store as the ` +
      'executor has',
  );
