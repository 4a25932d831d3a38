/** The processor of the benchmark: does nothing. */
export default function noop() {}
