/** The no-op as an export of an ES module. */
export function noop() {}
