/** Erlang's restart intensity: too many unexpected deaths within a window, and the pool gives up. */

export interface RestartIntensity {
  /** Notes a death; `true` if it was one too many. */
  exceededBy(now: number): boolean;
}

export function createRestartIntensity(
  limit: { readonly max: number; readonly window: number } | undefined,
): RestartIntensity {
  if (limit === undefined) return { exceededBy: () => false };
  let deaths: number[] = [];
  return {
    exceededBy(now) {
      deaths = deaths.filter((at) => now - at < limit.window);
      deaths.push(now);
      return deaths.length > limit.max;
    },
  };
}
