/** Those who wait for workers to be ready. */

interface Waiting {
  wanted: number;
  /** So many more must get ready. One that was ready and has left since, idle for too long, counts. */
  missing: number;
  resolve(): void;
  reject(error: Error): void;
}

export class Prewarming {
  #waiting: Waiting[] = [];

  get isWaitedFor(): boolean {
    return this.#waiting.length > 0;
  }

  /** The most workers that somebody still waits for. */
  get wanted(): number {
    return Math.max(0, ...this.#waiting.map(({ wanted }) => wanted));
  }

  until(wanted: number, ready: number): Promise<void> {
    if (ready >= wanted) return Promise.resolve();
    return quietly(
      new Promise((resolve, reject) => {
        this.#waiting.push({ wanted, missing: wanted - ready, resolve, reject });
      }),
    );
  }

  noteReady(): void {
    for (const each of this.#waiting) each.missing -= 1;
    this.#resolveReady();
  }

  /** Of those that it waits for some may never come. */
  noteResize(maxWorkers: number, ready: number): void {
    for (const each of this.#waiting) {
      each.wanted = Math.min(each.wanted, maxWorkers);
      each.missing = Math.min(each.missing, each.wanted - ready);
    }
    this.#resolveReady();
  }

  fail(error: Error): void {
    for (const each of this.#waiting) each.reject(error);
    this.#waiting = [];
  }

  #resolveReady(): void {
    for (const each of this.#waiting) if (each.missing <= 0) each.resolve();
    this.#waiting = this.#waiting.filter(({ missing }) => missing > 0);
  }
}

/** Whoever waits sees how it failed; a prewarm that nobody waits for may fail silently. */
export function quietly(promise: Promise<void>): Promise<void> {
  promise.catch(() => {});
  return promise;
}
