/**
 * The globals that a worker's program uses, as they were at its boot: the bundler replaces with these the global
 * names in everything that runs in a worker. Tasks replace globals (test runners do), and a worker outlives its tasks.
 */
// biome-ignore-all lint/suspicious/noShadowRestrictedNames: that they are called the same is what this file is for
export const {
  AbortController,
  Array,
  ArrayBuffer,
  Atomics,
  BigInt,
  Boolean,
  btoa,
  Buffer,
  console,
  DataView,
  Date,
  DOMException,
  Error,
  FinalizationRegistry,
  Float64Array,
  Function,
  Int32Array,
  Intl,
  isNaN,
  JSON,
  Map,
  Math,
  Number,
  Object,
  process,
  Promise,
  Proxy,
  RangeError,
  Reflect,
  RegExp,
  Set,
  SharedArrayBuffer,
  String,
  Symbol,
  TextDecoder,
  TextEncoder,
  TypeError,
  Uint8Array,
  URL,
  URLSearchParams,
  WeakMap,
  WeakRef,
  WeakSet,
} = globalThis;

const all = globalThis;

export { all as globalThis };
