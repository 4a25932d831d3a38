/** How long things took, in constant memory: eight steps to each doubling, so that a percentile is right within 5 %. */

const STEPS = 8;
/** Up to 2^40 microseconds, twelve days. */
const SIZE = STEPS * 40;

export class LogHistogram {
  readonly #counts = new Uint32Array(SIZE);
  count = 0;

  /** @param duration In milliseconds. */
  record(duration: number): void {
    const step = duration > 0 ? Math.floor(Math.log2(duration * 1000 + 1) * STEPS) : 0;
    const index = step < SIZE ? step : SIZE - 1;
    this.#counts[index] = (this.#counts[index] as number) + 1;
    this.count += 1;
  }

  /**
   * In milliseconds; `undefined` if nothing was recorded.
   *
   * @param share From 0 to 1.
   */
  percentile(share: number): number | undefined {
    if (this.count === 0) return undefined;
    let left = Math.max(1, Math.ceil(this.count * share));
    for (let index = 0; index < SIZE; index += 1) {
      left -= this.#counts[index] as number;
      if (left <= 0) return (2 ** ((index + 0.5) / STEPS) - 1) / 1000;
    }
    return undefined;
  }

  reset(): void {
    if (this.count === 0) return;
    this.#counts.fill(0);
    this.count = 0;
  }
}
