/** What few programs use of an executor, or not at once. */
export { mapOn } from './map-on-pool.ts';
export { moduleMethods } from './module-methods.ts';
export { streamOn } from './stream.ts';
