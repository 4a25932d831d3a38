/** Numbers that look random and are the same for the same seed. */

/** @returns {() => number} the next number in [0, 1) */
export function createRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Helpers on one source of numbers. Each step of a schedule has dice of its own: how often one step throws them
 * depends on what it meets, and must not change what the next one does.
 */
export function createDice(seed, step = 0) {
  const random = createRandom(seed ^ Math.imul(step, 0x9e3779b1));
  const below = (limit) => Math.floor(random() * limit);
  return {
    below,
    chance: (probability) => random() < probability,
    pick: (list) => list[below(list.length)],
    /** One of `[weight, value]`. */
    weighted(entries) {
      let left = random() * entries.reduce((sum, [weight]) => sum + weight, 0);
      for (const [weight, value] of entries) {
        left -= weight;
        if (left < 0) return value;
      }
      return entries.at(-1)[1];
    },
  };
}
