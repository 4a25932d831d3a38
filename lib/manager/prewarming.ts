/** Those who wait for workers to be ready. */

interface Waiting {
  readonly wanted: number;
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
    const promise = new Promise<void>((resolve, reject) => {
      this.#waiting.push({ wanted, missing: wanted - ready, resolve, reject });
    });
    promise.catch(() => {}); // whoever waits sees it; a prewarm that nobody waits for may fail silently
    return promise;
  }

  noteReady(): void {
    for (const each of this.#waiting) each.missing -= 1;
    this.#resolve(({ missing }) => missing <= 0);
  }

  noteResize(maxWorkers: number, ready: number): void {
    this.#resolve(({ wanted }) => ready >= Math.min(wanted, maxWorkers));
  }

  fail(error: Error): void {
    for (const each of this.#waiting) each.reject(error);
    this.#waiting = [];
  }

  #resolve(isOver: (waiting: Waiting) => boolean): void {
    for (const each of this.#waiting) if (isOver(each)) each.resolve();
    this.#waiting = this.#waiting.filter((each) => !isOver(each));
  }
}
