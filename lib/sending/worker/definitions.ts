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
import type { Payload, ReceivedCall } from '../common/payload.ts';
import { GraphReader } from '../graph/reader.ts';
import type { CodeText } from '../graph/row.ts';
import { ByteReader, malformed } from '../values/bytes.ts';
import { readCloneAt, readOne } from '../values/encode.ts';
import { Code } from './compile.ts';
import type { Functions } from './functions.ts';
import { loadModules } from './modules.ts';
import type { WorkerResolver } from './resolver.ts';
import type { Read, SharedValues } from './shared-values.ts';

type AnyFunction = ReceivedCall['fn'];

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

export class Definitions {
  private readonly functions: Functions;
  private readonly resolver: WorkerResolver;
  private readonly sharedValues: SharedValues;
  private readonly payloads = new Map<number, Payload>();
  private readonly built = new Map<number, AnyFunction | Promise<AnyFunction>>();
  settings: Settings = { serializer: 'auto', reducers: [] };
  private arriving: Promise<void> | undefined;

  constructor(functions: Functions, resolver: WorkerResolver, sharedValues: SharedValues) {
    this.functions = functions;
    this.resolver = resolver;
    this.sharedValues = sharedValues;
  }

  define(id: number, payload: Payload): void {
    switch (payload.body[0]) {
      case LOST: // a task that needs it says so
        this.sharedValues.lose(id, payload.body);
        return;
      case DEFINE_CODE:
        this.defineCode(id, payload);
        return;
      case DEFINE_FUNCTION:
        this.payloads.set(id, payload);
        return;
      case DEFINE_SETTINGS:
        this.defineSettings(payload);
        return;
      case VALUE_ITEM:
      case VALUE_CLONE:
      case VALUE_GRAPH:
        this.sharedValues.define(id, payload, (shared) => this.readShared(shared));
        return;
      default:
        throw malformed('a definition of an unknown kind');
    }
  }

  forget(id: number): void {
    this.payloads.delete(id);
    this.built.delete(id);
    this.functions.forget(id);
    this.sharedValues.forget(id);
  }

  /** The function of that number; a promise if modules must be imported first. */
  function(id: number): AnyFunction | Promise<AnyFunction> {
    const known = this.built.get(id);
    if (known !== undefined) return known;
    const payload = this.payloads.get(id);
    if (!payload) throw malformed(`the function number ${id} has not arrived`);
    const value = this.readGraph(payload, 1, (root) => root as AnyFunction);
    this.built.set(id, value);
    if (value instanceof Promise) {
      value.then(
        (fn) => this.built.set(id, fn),
        () => this.built.delete(id),
      );
    }
    return value;
  }

  /** Builds it before it is called for. What that throws is reported when it is called. A promise until it is built. */
  prepare(id: number): Promise<unknown> | undefined {
    try {
      const value = this.payloads.has(id) ? this.function(id) : undefined;
      return value instanceof Promise ? value : undefined;
    } catch {
      return undefined;
    }
  }

  /** Settings and shared values that have arrived and are not in force yet. */
  pending(): Promise<unknown> | undefined {
    return this.arriving ?? (this.sharedValues.isWaiting ? this.sharedValues.pending() : undefined);
  }

  /** Every value goes as a graph: the serializer says so, or a reducer may be for it. */
  sendsGraphs(): boolean {
    return this.settings.serializer === 'devalue' || this.settings.reducers.length > 0;
  }

  private readGraph<T>(payload: Payload, offset: number, make: (root: unknown) => T): T | Promise<T> {
    return readGraph(payload, offset, this.resolver, nothing, make);
  }

  private defineCode(id: number, payload: Payload): void {
    try {
      this.functions.define(id, codeIn(new ByteReader(payload.body, 1)));
    } catch (error) {
      this.functions.defineFailed(id, error);
    }
  }

  private defineSettings(payload: Payload): void {
    try {
      const value = this.readSettings(payload);
      if (value instanceof Promise) this.arriving = value.then((settings) => this.adopt(settings));
      else this.adopt(value);
    } catch (error) {
      this.arriving = Promise.reject(error);
    }
    // The callers that wait for it get the error.
    this.arriving?.catch(nothing);
  }

  private adopt(settings: Settings): void {
    this.settings = settings;
    this.arriving = undefined;
  }

  private readSettings(payload: Payload): Settings | Promise<Settings> {
    const reader = new ByteReader(payload.body, 1);
    for (let count = reader.uint32(); count > 0; count--)
      this.functions.define(reader.uint32(), codeIn(reader));
    return this.readGraph(payload, payload.body.length - reader.left, (root) => root as Settings);
  }

  private readShared(payload: Payload): Read | Promise<Read> {
    const { body, views } = payload;
    switch (body[0]) {
      case VALUE_ITEM:
        return { value: readOne(body, VALUE_HEADER, views) };
      case VALUE_CLONE:
        return { value: readCloneAt(body, VALUE_HEADER, views) };
      default:
        return this.readGraph(payload, VALUE_HEADER, (value) => ({ value }));
    }
  }
}

const codeIn = (reader: ByteReader): Code => new Code(JSON.parse(reader.text()) as CodeText);
