/** What few programs use of an executor. */
export { moduleMethods } from './module-methods.ts';
export { streamOn } from './stream.ts';
