/**
 * What the shared values of this worker take. The host knows that they are here: they are no leak. And an idle process collects
 * no garbage by itself: large ones that were taken from it are collected when it has nothing to do.
 */
import type { Frame } from '../lib/child/protocol.ts';
import { VALUE_CLONE, VALUE_GRAPH, VALUE_ITEM } from '../lib/sending/common/format.ts';

/** In bytes: for less, a collection takes longer than it is worth. */
const WORTH_COLLECTING = 16e6;

interface MemoryOfProcess {
  /** In bytes; throws where it cannot be read. */
  rss(): number;
  collect(): void;
}

export class SharedMemory {
  /** In bytes, about. */
  held = 0;
  /** So much was taken away that it is time for `collect`, when the worker has nothing to do. */
  isWorthCollecting = false;
  readonly #memory: MemoryOfProcess;
  readonly #sizes = new Map<number, number>();
  #freed = 0;

  constructor(memory: MemoryOfProcess) {
    this.#memory = memory;
  }

  /** @param define Rebuilds the value, if the frame brings one. */
  define(frame: Frame, define: () => void): void {
    const tag = frame.body[0];
    if (tag !== VALUE_ITEM && tag !== VALUE_CLONE && tag !== VALUE_GRAPH) {
      define();
      return;
    }
    // Binary data is used as it came, the rest is built for each task.
    let size = frame.views.reduce((sum, { byteLength }) => sum + byteLength, 0);
    const before = this.#rss();
    define();
    size += Math.max(0, this.#rss() - before);
    this.#sizes.set(frame.id, size);
    this.held += size;
  }

  forget(id: number): void {
    const size = this.#sizes.get(id);
    if (size === undefined) return;
    this.#sizes.delete(id);
    this.held -= size;
    this.#freed += size;
    this.isWorthCollecting = this.#freed >= WORTH_COLLECTING;
  }

  collect(): void {
    this.#freed = 0;
    this.isWorthCollecting = false;
    this.#memory.collect();
  }

  #rss(): number {
    try {
      return this.#memory.rss();
    } catch {
      return 0;
    }
  }
}
