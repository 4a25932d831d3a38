/** All that parses JavaScript. It is large, and needed for functions by value: see parsing.ts. */
export { exportsOf } from './module-text.ts';
export { planText } from './planner.ts';
export { placeOfText } from './text-place.ts';
