/** Which globals every process has by itself, and which intrinsics have no name. Lists alone: nothing is looked up here. */
const { getPrototypeOf, getOwnPropertyDescriptor } = Object;
const OF_A_MODULE = new Set(['require', 'module', 'exports', '__filename', '__dirname']);
/** What `process` has in every process; the rest of it is looked at by nobody. */
export const PROCESS_MEMBERS = [
  'env',
  'argv',
  'versions',
  'hrtime',
  'nextTick',
  'cwd',
  'exit',
  'memoryUsage',
  'cpuUsage',
  'emitWarning',
  'uptime',
  'umask',
  'kill',
  'release',
  'config',
  'getBuiltinModule',
];

/** Names of the globals that every process has, as this one has them now. */
export function commonGlobals(): string[] {
  return Object.getOwnPropertyNames(globalThis).filter((name) => {
    if (OF_A_MODULE.has(name)) return false;
    const descriptor = getOwnPropertyDescriptor(globalThis, name);
    // What programs assign is enumerable, writable and configurable; Node's own functions are that too.
    const assigned = descriptor?.enumerable && descriptor.writable && descriptor.configurable;
    return !assigned || NODE_GLOBALS.has(name);
  });
}

/** Test runners put these into their contexts by assignment. */
const NODE_GLOBALS = new Set([
  'console',
  'process',
  'Buffer',
  'URL',
  'URLSearchParams',
  'AbortController',
  'AbortSignal',
  'Event',
  'EventTarget',
  'TextEncoder',
  'TextDecoder',
  'MessageChannel',
  'MessagePort',
  'MessageEvent',
  'BroadcastChannel',
  'WebAssembly',
  'Uint8Array',
  'ArrayBuffer',
  'DOMException',
  'Blob',
  'Request',
  'Response',
  'Headers',
  'FormData',
  'WebSocket',
  'clearImmediate',
  'setImmediate',
  'clearInterval',
  'clearTimeout',
  'setInterval',
  'setTimeout',
  'queueMicrotask',
  'structuredClone',
  'atob',
  'btoa',
  'performance',
  'fetch',
  'crypto',
  'navigator',
  'global',
]);

/** Intrinsics that no global leads to, under names of ours. */
export function hiddenIntrinsics(): [string, object][] {
  const arrayIterator = getPrototypeOf([][Symbol.iterator]()) as object;
  return [
    ['%Generator', getPrototypeOf(function* () {}) as object],
    ['%AsyncGenerator', getPrototypeOf(async function* () {}) as object],
    ['%AsyncFunction', getPrototypeOf(async () => {}) as object],
    ['%ArrayIterator', arrayIterator],
    ['%Iterator', getPrototypeOf(arrayIterator) as object],
    ['%TypedArray', getPrototypeOf(Uint8Array) as object],
  ];
}
