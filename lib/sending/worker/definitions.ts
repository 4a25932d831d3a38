/** What the host has sent this worker: codes, functions and settings, built when they are first needed. */
import {
  DEFINE_CODE,
  DEFINE_FUNCTION,
  DEFINE_SETTINGS,
  LOST,
  type Settings,
  VALUE_CLONE,
  VALUE_GRAPH,
  VALUE_HEADER,
  VALUE_ITEM,
} from '../common/format.ts';
import type { Payload } from '../common/payload.ts';
import { GraphReader } from '../graph/reader.ts';
import type { CodeText } from '../graph/row.ts';
import { ByteReader, malformed } from '../values/bytes.ts';
import { readCloneAt, readOne } from '../values/encode.ts';
import { Code } from './compile.ts';
import type { Functions } from './functions.ts';
import { loadModules } from './modules.ts';
import type { ResultReducer } from './policy.ts';
import type { WorkerResolver } from './resolver.ts';
import type { Read, SharedValues } from './shared-values.ts';

export type AnyFunction = (...args: unknown[]) => unknown;

export interface Definitions {
  define(id: number, payload: Payload): void;
  forget(id: number): void;
  /** The function of that number; a promise if modules must be imported first. */
  function(id: number): AnyFunction | Promise<AnyFunction>;
  /** Builds it before it is called for. What that throws is reported when it is called. A promise until it is built. */
  prepare(id: number): Promise<unknown> | undefined;
  /** Settings and shared values that have arrived and are not in force yet. */
  pending(): Promise<unknown> | undefined;
  serializer(): string;
  reducers(): readonly ResultReducer[];
  nearestClasses(): boolean;
  /** Every value goes as a graph: the serializer says so, or a reducer may be for it. */
  sendsGraphs(): boolean;
}

/**
 * Reads a graph, importing what it refers to.
 *
 * @param onLoaded Called when that is there.
 * @returns What `make` makes of its root; a promise where modules must be imported first.
 */
export function readGraph<T>(
  { body, views }: Payload,
  offset: number,
  resolver: WorkerResolver,
  onLoaded: () => void,
  make: (root: unknown) => T,
): T | Promise<T> {
  const reader = new GraphReader(resolver, views);
  const loading = loadModules(reader.open(body, offset));
  const build = (): T => {
    onLoaded();
    return make(reader.build());
  };
  return loading === undefined ? build() : loading.then(build);
}

const nothing = (): void => {};

export function createDefinitions(
  functions: Functions,
  resolver: WorkerResolver,
  sharedValues: SharedValues,
): Definitions {
  const payloads = new Map<number, Payload>();
  const built = new Map<number, AnyFunction | Promise<AnyFunction>>();
  let settings: Settings | undefined;
  let arriving: Promise<void> | undefined;

  const adopt = (value: unknown): void => {
    settings = value as Settings;
    arriving = undefined;
  };

  const readSettings = (payload: Payload): unknown => {
    const reader = new ByteReader(payload.body, 1);
    for (let count = reader.uint32(); count > 0; count--) {
      const id = reader.uint32();
      functions.define(id, new Code(JSON.parse(reader.text()) as CodeText));
    }
    return readGraph(payload, payload.body.length - reader.left, resolver, nothing, (root) => root);
  };

  const defineSettings = (payload: Payload): void => {
    try {
      const value = readSettings(payload);
      if (value instanceof Promise) arriving = value.then(adopt);
      else adopt(value);
    } catch (error) {
      arriving = Promise.reject(error);
    }
    // The callers that wait for it get the error.
    arriving?.catch(() => {});
  };

  const defineCode = (id: number, payload: Payload): void => {
    try {
      functions.define(id, new Code(JSON.parse(new ByteReader(payload.body, 1).text()) as CodeText));
    } catch (error) {
      functions.defineFailed(id, error);
    }
  };

  const readShared = (payload: Payload): Read | Promise<Read> => {
    const { body, views } = payload;
    switch (body[0]) {
      case VALUE_ITEM:
        return { value: readOne(body, VALUE_HEADER, views) };
      case VALUE_CLONE:
        return { value: readCloneAt(body, VALUE_HEADER, views) };
      default:
        return readGraph(payload, VALUE_HEADER, resolver, nothing, (value) => ({ value }));
    }
  };

  const build = (id: number): AnyFunction | Promise<AnyFunction> => {
    const known = built.get(id);
    if (known !== undefined) return known;
    const payload = payloads.get(id);
    if (!payload) throw malformed(`the function number ${id} has not arrived`);
    const value = readGraph(payload, 1, resolver, nothing, (root) => root as AnyFunction);
    built.set(id, value);
    if (value instanceof Promise) {
      value.then(
        (fn) => built.set(id, fn),
        () => built.delete(id),
      );
    }
    return value;
  };

  return {
    define(id, payload) {
      switch (payload.body[0]) {
        case LOST: // a task that needs it says so
          sharedValues.lose(id, payload.body);
          return;
        case DEFINE_CODE:
          defineCode(id, payload);
          return;
        case DEFINE_FUNCTION:
          payloads.set(id, payload);
          return;
        case DEFINE_SETTINGS:
          defineSettings(payload);
          return;
        case VALUE_ITEM:
        case VALUE_CLONE:
        case VALUE_GRAPH:
          sharedValues.define(id, payload, readShared);
          return;
        default:
          throw malformed('a definition of an unknown kind');
      }
    },
    forget(id) {
      payloads.delete(id);
      built.delete(id);
      functions.forget(id);
      sharedValues.forget(id);
    },
    function: build,
    prepare(id) {
      try {
        const value = payloads.has(id) ? build(id) : undefined;
        return value instanceof Promise ? value : undefined;
      } catch {
        return undefined;
      }
    },
    pending: () => arriving ?? (sharedValues.isWaiting ? sharedValues.pending() : undefined),
    serializer: () => settings?.serializer ?? 'auto',
    nearestClasses: () => settings?.nearestClasses === true,
    sendsGraphs: () =>
      settings !== undefined && (settings.serializer === 'devalue' || settings.reducers.length > 0),
    reducers: () => settings?.reducers.map((reducer) => reducer as ResultReducer) ?? [],
  };
}
