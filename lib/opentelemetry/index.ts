/** `loky/opentelemetry`: spans of tasks through `@opentelemetry/api`, which the user has installed. */
export { type InstrumentOptions, instrument } from './instrument.ts';
