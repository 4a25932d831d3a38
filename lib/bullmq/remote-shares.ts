/**
 * The submitter's end of shared values: each is put into the store once, and jobs refer to it. It is removed from there when its
 * handle was disposed or collected and no task of this executor needs it any more.
 */
import { SerializationError } from '../errors.ts';
import type { HeldShare } from '../sending/common/payload.ts';
import { newHandle, type Shared, type SharedState, sharedState } from '../sending/common/shared.ts';
import { Refusal } from '../sending/graph/refusal.ts';
import { newId } from '../sending/host/definitions.ts';
import { deletePayload, hashOf, newPayloadKey, type PayloadStore, putPayload } from './payload-store.ts';
import type { JobData, SharedReference } from './wire.ts';
import type { ValueCodec } from './wire-values.ts';

const DISPOSED = 'is a shared value that was disposed';
const DISPOSED_HINT = 'dispose it after the last submit, or share the value again';
const NO_STORE = 'is a shared value, and this executor has no `store`, where machines would find it';
const NO_STORE_HINT = 'give the same store to both sides, or send the value itself';

/** A value in the store, for as long as its handle or a task needs it. */
export class RemoteShare implements HeldShare {
  readonly id = newId();
  /** Workers get it from their machine. */
  readonly definitions = [];
  readonly reference: SharedReference;
  /** Until it is in the store. Rejects with a PayloadStoreError. */
  readonly stored: Promise<void>;
  readonly #store: PayloadStore;
  #users = 0;
  #isDropped = false;
  #isLeft = false;

  constructor(store: PayloadStore, queue: string, text: string) {
    this.#store = store;
    const key = newPayloadKey(queue, 'shared');
    const data = Buffer.from(text);
    this.reference = [this.id, key, hashOf(data)];
    this.stored = putPayload(store, key, data, 'a shared value');
    this.stored.catch(() => {}); // the tasks that need it fail with it
  }

  hold(): void {
    this.#users += 1;
  }

  release(): void {
    this.#users -= 1;
    this.#removeIfUnused();
  }

  /** A job needs it whose end this executor may not learn: the store removes the value when it is old. */
  leave(): void {
    this.#isLeft = true;
  }

  /** No further task can need it: its handle was disposed or collected, or its executor was shut down. */
  drop(): void {
    this.#isDropped = true;
    this.#removeIfUnused();
  }

  #removeIfUnused(): void {
    if (!this.#isDropped || this.#users > 0 || this.#isLeft) return;
    const remove = (): void => deletePayload(this.#store, this.reference[1]);
    this.stored.then(remove, () => {});
  }
}

const collected = new FinalizationRegistry<() => void>((drop) => drop());

/** What was written, and what it refers to. */
interface WithShares<T> {
  readonly written: T;
  readonly shares: readonly RemoteShare[];
  /** Of the job. */
  readonly fields: Pick<JobData, 'shared'>;
}

/** The shared values of one executor. */
export class RemoteShares {
  readonly #store: PayloadStore | undefined;
  readonly #queue: string;
  readonly #codec: ValueCodec;
  readonly #known = new WeakMap<object, RemoteShare>();
  readonly #kept = new Set<() => void>();
  /** By what is being written. */
  #used = new Set<RemoteShare>();

  /** @param codec Of the values themselves. */
  constructor({ store, queue }: { store?: PayloadStore | undefined; queue: string }, codec: ValueCodec) {
    this.#store = store;
    this.#queue = queue;
    this.#codec = codec;
  }

  /** @throws TypeError without a store; SerializationError with the path of what cannot be sent. */
  share<T>(value: T): Shared<T> {
    if (this.#store === undefined) {
      throw new TypeError(
        'share needs the option `store`, where all machines find the value: give the same one to this BullMQExecutor and to serveTasks',
      );
    }
    const handle = newHandle(value, false);
    this.#add(this.#store, handle, sharedState(handle) as SharedState);
    return handle;
  }

  /** Notes what `write` refers to. */
  collect<T>(write: () => T): WithShares<T> {
    const outer = this.#used; // a reducer may submit
    this.#used = new Set();
    try {
      const written = write();
      const shares = [...this.#used];
      return { written, shares, fields: shares.length === 0 ? {} : { shared: shares.map(referenceOf) } };
    } finally {
      this.#used = outer;
    }
  }

  /** For functions. @throws Refusal, SerializationError */
  readonly shareOf = (handle: object, state: SharedState): RemoteShare => {
    if (state.isDisposed) throw new Refusal(handle, DISPOSED, DISPOSED_HINT);
    if (this.#store === undefined) throw new Refusal(handle, NO_STORE, NO_STORE_HINT);
    const share = this.#known.get(handle) ?? this.#add(this.#store, handle, state);
    this.#used.add(share);
    return share;
  };

  /** For arguments. @returns the number by which they refer to it. @throws SerializationError */
  readonly write = (handle: object): number => {
    try {
      return this.shareOf(handle, sharedState(handle) as SharedState).id;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      throw new SerializationError(
        `cannot send the arguments through Redis: one of them ${error.reason}\n  hint: ${error.hint}`,
      );
    }
  };

  /** No further task can need them. */
  close(): void {
    for (const drop of this.#kept) drop();
  }

  #add(store: PayloadStore, handle: object, state: SharedState): RemoteShare {
    const share = new RemoteShare(store, this.#queue, this.#codec.write(state.value, 'the shared value'));
    const { onDispose } = state;
    const drop = (): void => {
      onDispose.delete(drop);
      if (this.#kept.delete(drop)) share.drop();
    };
    this.#known.set(handle, share);
    this.#kept.add(drop);
    onDispose.add(drop);
    collected.register(handle, drop);
    return share;
  }
}

const referenceOf = ({ reference }: RemoteShare): SharedReference => reference;
