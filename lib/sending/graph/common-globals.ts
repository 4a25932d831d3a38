/** Which globals every process has by itself, and which intrinsics have no name. */
import { Script } from 'node:vm';
import { withoutPrototype } from '../../system/own.ts';

const { getPrototypeOf, getOwnPropertyDescriptor } = Object;
/** What `process` has in every process, and which means the same there; the rest is never read. */
export const PROCESS_MEMBERS = [
  ...['env', 'versions', 'hrtime', 'nextTick', 'cwd', 'exit', 'memoryUsage', 'cpuUsage', 'emitWarning'],
  ...['uptime', 'umask', 'kill', 'release', 'config', 'getBuiltinModule'],
];

let remembered: PropertyDescriptorMap | undefined;

/** For a worker at boot: tasks may replace them before they are first used. */
export function rememberGlobals(): void {
  remembered = Object.getOwnPropertyDescriptors(globalThis) as PropertyDescriptorMap;
}

/** `process` and `Buffer` are behind accessors, as others are that would load parts of Node. */
export function globalValue(name: string): unknown {
  if (name === 'process') return process;
  if (name === 'Buffer') return Buffer;
  return (remembered?.[name] ?? getOwnPropertyDescriptor(globalThis, name))?.value;
}

/**
 * Names of the globals that every process has, as this one has them now: those of the language, by a context that no
 * program has seen, and Node's own. What a program has defined before this library was loaded looks like either.
 */
export function commonGlobals(): string[] {
  const list = new Script('Object.getOwnPropertyNames(globalThis)');
  const ofTheLanguage = new Set(list.runInNewContext(undefined, withoutPrototype({})) as string[]);
  return Object.getOwnPropertyNames(globalThis).filter(
    (name) =>
      ofTheLanguage.has(name) || NODE_GLOBALS.has(name) || (NEWER_GLOBALS.has(name) && !isAssigned(name)),
  );
}

/** What programs assign is enumerable, writable and configurable. */
function isAssigned(name: string): boolean {
  const descriptor = getOwnPropertyDescriptor(globalThis, name);
  return descriptor?.enumerable === true && descriptor.writable === true && descriptor.configurable === true;
}

/** Test runners put these into their contexts by assignment. */
const NODE_GLOBALS = new Set([
  ...['console', 'process', 'Buffer', 'URL', 'URLSearchParams', 'AbortController', 'AbortSignal', 'Event'],
  ...['EventTarget', 'TextEncoder', 'TextDecoder', 'MessageChannel', 'MessagePort', 'MessageEvent'],
  ...['BroadcastChannel', 'WebAssembly', 'Uint8Array', 'ArrayBuffer', 'DOMException', 'Blob', 'Request'],
  ...['Response', 'Headers', 'FormData', 'WebSocket', 'clearImmediate', 'setImmediate', 'clearInterval'],
  ...['clearTimeout', 'setInterval', 'setTimeout', 'queueMicrotask', 'structuredClone', 'atob', 'btoa'],
  ...['performance', 'fetch', 'crypto', 'navigator', 'global'],
]);

/** Some versions of Node have these, and programs that run on others define them by themselves. */
const NEWER_GLOBALS = new Set([
  ...['ByteLengthQueuingStrategy', 'CountQueuingStrategy', 'CompressionStream', 'DecompressionStream'],
  ...['ReadableStream', 'ReadableStreamDefaultReader', 'ReadableStreamDefaultController'],
  ...['ReadableStreamBYOBReader', 'ReadableStreamBYOBRequest', 'ReadableByteStreamController'],
  ...['WritableStream', 'WritableStreamDefaultWriter', 'WritableStreamDefaultController'],
  ...['TransformStream', 'TransformStreamDefaultController', 'TextEncoderStream', 'TextDecoderStream'],
  ...['Performance', 'PerformanceEntry', 'PerformanceMark', 'PerformanceMeasure', 'PerformanceObserver'],
  ...['PerformanceObserverEntryList', 'PerformanceResourceTiming', 'File', 'CustomEvent', 'ErrorEvent'],
  ...['Crypto', 'CryptoKey', 'SubtleCrypto', 'Navigator', 'CloseEvent', 'EventSource', 'Storage'],
  ...['localStorage', 'sessionStorage', 'URLPattern', 'QuotaExceededError'],
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
