/**
 * The host's end of shared values: each is encoded once, is a definition that workers keep, and is taken from them when its
 * handle has been disposed or collected and no task needs it any more.
 */
import { LOST, VALUE_CLONE, VALUE_GRAPH, VALUE_ITEM, valueHeader } from '../common/format.ts';
import type { Definition, HeldShare, Payload } from '../common/payload.ts';
import { beyondClone } from '../common/serializer.ts';
import {
  hostEnd,
  newHandle,
  type Shared,
  type SharedState,
  type SharingTerms,
  sharedState,
} from '../common/shared.ts';
import { Refusal, sendingError } from '../graph/refusal.ts';
import { readyItems, tryClone, writeOne } from '../values/encode.ts';
import { RICH } from '../values/scan.ts';
import { newId, retireAtOnce } from './definitions.ts';
import { writeGraph } from './write-graph.ts';

/** What is left of the bytes where something still has the definition. */
const GONE: Payload = { body: Buffer.of(LOST, 0, 0, 0, 0, 0, 0, 0, 0), views: [] };

/** What is sent of a shared value, for as long as its handle, a task or another shared value needs it. */
class Share implements HeldShare {
  readonly id = newId();
  readonly definitions: readonly Definition[];
  readonly #own: { readonly id: number; payload: Payload };
  readonly #inner: readonly HeldShare[];
  #users = 0;
  #isDropped = false;

  /**
   * @param codes Of the functions in it.
   * @param inner Shared values that it holds.
   */
  constructor(payload: Payload, codes: readonly Definition[] = [], inner: readonly HeldShare[] = []) {
    this.#own = { id: this.id, payload };
    this.#inner = inner;
    this.definitions = [...inner.flatMap(({ definitions }) => definitions), ...codes, this.#own];
    for (const share of inner) share.hold();
  }

  hold(): void {
    this.#users += 1;
  }

  release(): void {
    this.#users -= 1;
    this.#freeIfUnused();
  }

  /** No further task can need it: its handle was disposed, or collected. */
  readonly drop = (): void => {
    this.#isDropped = true;
    this.#freeIfUnused();
  };

  #freeIfUnused(): void {
    if (!this.#isDropped || this.#users > 0 || this.#own.payload === GONE) return;
    this.#own.payload = GONE;
    retireAtOnce(this.id);
    for (const share of this.#inner) share.release();
  }
}

const shares = new WeakMap<object, Share>();
const collected = new FinalizationRegistry<Share>((share) => share.drop());

/** @throws SerializationError with the path of what cannot be sent. */
export function share<T>(value: T, terms: SharingTerms): Shared<T> {
  const made = newShare(value, terms);
  const handle = newHandle(value, false);
  keep(handle, sharedState(handle) as SharedState, made);
  return handle;
}

/**
 * What is sent of a handle. One that this process has got from its own host, or from another copy of this package, is encoded
 * when it is sent first.
 *
 * @throws Refusal if it was disposed.
 * @throws SerializationError with the path of what cannot be sent.
 */
function shareOf(handle: object, state: SharedState, terms: SharingTerms): Share {
  if (state.isDisposed) {
    const hint = 'dispose it after the last submit, or share the value again';
    throw new Refusal(handle, 'is a shared value that was disposed', hint);
  }
  const known = shares.get(handle);
  if (known !== undefined) return known;
  const made = newShare(state.value, terms);
  keep(handle, state, made);
  return made;
}

hostEnd.shareOf = shareOf;

function keep(handle: object, state: SharedState, made: Share): void {
  shares.set(handle, made);
  state.onDispose.add(made.drop);
  collected.register(handle, made);
}

function newShare(value: unknown, terms: SharingTerms): Share {
  const { serializer, reducers } = terms;
  if (reducers.length > 0 || serializer === 'devalue') return graphShare(value, terms);
  const items = readyItems([value]);
  if (typeof items === 'object' && serializer === 'auto') return new Share(writeOne(VALUE_ITEM, items[0]));
  const cloned = items === RICH ? undefined : tryClone(value, valueHeader(VALUE_CLONE));
  if (cloned !== undefined) return new Share(cloned);
  if (serializer === 'v8') throw beyondClone('cannot share the value: it');
  return graphShare(value, terms);
}

function graphShare(value: unknown, terms: SharingTerms): Share {
  const roots = [{ name: 'the shared value', value, silent: true }];
  const { payload, policy } = writeGraph(
    terms,
    valueHeader(VALUE_GRAPH),
    () => value,
    (error, writer) =>
      sendingError(error, 'share the value', 'the task', roots, (owner) => writer.edgesOf(owner)),
  );
  return new Share(payload, [...policy.definitions], [...policy.shares]);
}
