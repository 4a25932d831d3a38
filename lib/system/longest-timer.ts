/** In milliseconds. setTimeout fires at once beyond this; longer times are as good as no limit. */
export const LONGEST_TIMER = 2 ** 31 - 1;
