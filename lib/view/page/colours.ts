/**
 * Colours that are distinct also for people who do not see red or green (after Okabe and Ito). What went wrong has a form as
 * well: stripes, a notch, a sign.
 */

const FUNCTIONS = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9', '#a6761d', '#9573d8', '#8c8c00'];
const OTHER = '#8a8f98';

export function colourOf(fn: number): string {
  return fn === 0 ? OTHER : (FUNCTIONS[(fn - 1) % FUNCTIONS.length] as string);
}

const cache = new Map<string, string>();

/** Of the theme. */
export function themed(name: string): string {
  let value = cache.get(name);
  if (value === undefined) {
    value = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
    cache.set(name, value);
  }
  return value;
}

export function themeChanged(): void {
  cache.clear();
}
