/**
 * The host's end of sending: functions and arguments to payloads, answers back to values. It never evaluates
 * code that comes from a worker.
 */
import type { SerializationError } from '../errors.ts';
import { nameOf } from '../system/function-name.ts';
import { CALL_CLONE, CALL_GRAPH, callHeader, VALUE_HEADER, VALUE_ITEM } from './common/format.ts';
import type { Definition, Payload, PreparedCall } from './common/payload.ts';
import { namedReducers, type Reducers, registeredReducers, registryVersion } from './common/reducers.ts';
import { beyondClone, checkSerializer, getLokySerializer, type SerializerName } from './common/serializer.ts';
import type { Shared, ShareOf } from './common/shared.ts';
import { readAnswer } from './host/answers.ts';
import { ItemsCall, WrittenCall } from './host/calls.ts';
import { newId, newRetired } from './host/definitions.ts';
import { type CachedFunction, FunctionCache } from './host/function-cache.ts';
import { type AnyFunction, newReading, type Reading } from './host/plans.ts';
import { plainSettings } from './host/ready-messages.ts';
import type { HostResolver } from './host/resolver.ts';
import { graphs } from './host/rich.ts';
import { decodeOutcomes, type ItemOutcome } from './outcomes.ts';
import { readyItems, tryClone } from './values/encode.ts';
import { allPrimitive, OTHER, primitiveAt } from './values/primitives.ts';
import { RICH } from './values/scan.ts';

export interface SenderOptions {
  /** Default: `getLokySerializer()`. */
  readonly serializer?: SerializerName | undefined;
  readonly jobReducers?: Reducers | undefined;
  /** Default: `jobReducers`. */
  readonly resultReducers?: Reducers | undefined;
  /** Exports of the main script go by reference: workers run it too (`loky_init_main`). Default false. */
  readonly mainByReference?: boolean | undefined;
  /** What becomes of results that are instances of classes that this process does not have. Default: `'refuse'`. */
  readonly unknownClasses?: UnknownClasses | undefined;
  /** What is sent of shared values, where they do not go to workers as definitions. */
  readonly shareOf?: ShareOf | undefined;
}

/**
 * What becomes of results that are instances of classes that the host does not have: they are refused, or arrive as
 * instances of the nearest class that it has, mostly as plain data.
 */
export type UnknownClasses = 'refuse' | 'plain';

export interface Sender {
  /** @throws SerializationError with the path of what cannot be sent. */
  prepareCall(fn: (...args: never[]) => unknown, args: readonly unknown[]): PreparedCall;
  /** @throws SerializationError if it cannot be rebuilt. */
  decodeValue(payload: Payload): unknown;
  /** The same for the answer to a chunk of so many items. */
  decodeOutcomes(payload: Payload, count: number): ItemOutcome[];
  /** What the worker's receiver needs to know at boot. */
  settings(): Payload;
  /** Numbers of definitions that are no longer used since it was asked last: workers may forget them. */
  takeRetired(): readonly number[];
  /** @param forget Called when workers should forget what was retired now, for it is large. */
  onLargeRetired(forget: () => void): void;
  /**
   * Encodes a value for all workers of this process.
   *
   * @throws SerializationError with the path of what cannot be sent.
   */
  share<T>(value: T): Shared<T>;
}

/** @throws TypeError if a serializer or reducer is not what it should be. */
export function createSender(options: SenderOptions = {}): Sender {
  const serializer =
    options.serializer === undefined ? getLokySerializer() : checkSerializer(options.serializer);
  const jobReducers = namedReducers(options.jobReducers, 'jobReducers');
  const resultReducers =
    options.resultReducers === undefined
      ? jobReducers
      : namedReducers(options.resultReducers, 'resultReducers');
  const mainByReference = options.mainByReference === true;
  const constants = new FunctionCache(mainByReference);
  const retired = newRetired();
  let settingsVersion = -1;
  let settings: Definition | undefined;
  let version = -1;
  let writing = jobReducers;
  let resolver: HostResolver | undefined;

  /** Takes notice of reducers that were registered meanwhile. */
  function refresh(): void {
    const current = registryVersion();
    if (version === current) return;
    version = current;
    const registered = registeredReducers();
    writing = [...jobReducers, ...registered];
    resolver = undefined;
  }

  const currentResolver = (): HostResolver => {
    resolver ??= new (graphs().HostResolver)([...resultReducers, ...registeredReducers()]);
    return resolver;
  };

  let newSettings: readonly Definition[] = NONE;

  function settingsNow(): Payload {
    const reducers = [...resultReducers, ...registeredReducers()];
    const nearestClasses = options.unknownClasses === 'plain';
    if (reducers.length === 0 && !nearestClasses) return plainSettings(serializer);
    return graphs().reducingSettings(serializer, reducers, mainByReference, nearestClasses);
  }

  function currentSettings(): Definition {
    if (!settings || settingsVersion !== registryVersion()) {
      const isFirst = settingsVersion === -1;
      settingsVersion = registryVersion();
      settings = { id: newId(), payload: settingsNow() };
      if (!isFirst) newSettings = [settings];
    }
    return settings;
  }

  /** Workers that started before a registration receive it with the first call after it. */
  function pendingSettings(): readonly Definition[] {
    if (settingsVersion !== -1 && settingsVersion !== version) currentSettings();
    return newSettings;
  }

  function prepareCall(fn: AnyFunction, args: readonly unknown[]): PreparedCall {
    if (typeof fn !== 'function') throw notAFunction(fn);
    refresh();
    const known = writing.length === 0 && serializer !== 'devalue' ? constants.known(fn) : undefined;
    if (known !== undefined && allPrimitive(args)) {
      const isCurrent = settingsVersion === version && newSettings.length === 0;
      return new ItemsCall(isCurrent ? known : withSettings(known), args);
    }
    const reading = newReading();
    const constant = constantOf(fn, args, reading);
    if (constant && serializer !== 'devalue' && isUntouched(fn, args)) {
      const call = plainCall(withSettings(constant), args);
      if (call) return call;
    }
    return graphCall(fn, args, constant, reading);
  }

  /** Whether no reducer has to do with the arguments; what objects hold is known only to the graph. */
  function isUntouched(fn: AnyFunction, args: readonly unknown[]): boolean {
    if (writing.length === 0) return true;
    try {
      return allPrimitive(args) && !args.some((arg) => writing.some(([, reducer]) => reducer.test(arg)));
    } catch (error) {
      throw refusedCall(error, fn, args);
    }
  }

  function refusedCall(error: unknown, fn: AnyFunction, args: readonly unknown[]): SerializationError {
    const { callError, GraphWriter, HostPolicy } = graphs();
    return callError(error, fn, args, new GraphWriter(new HostPolicy([], mainByReference)));
  }

  let withPending = new WeakMap<CachedFunction, CachedFunction>();
  let withPendingFor = newSettings;

  function withSettings(constant: CachedFunction): CachedFunction {
    const pending = pendingSettings();
    if (pending.length === 0) return constant;
    if (withPendingFor !== pending) withPending = new WeakMap();
    withPendingFor = pending;
    let known = withPending.get(constant);
    if (!known) {
      known = { ...constant, definitions: [...constant.definitions, ...pending] };
      withPending.set(constant, known);
    }
    return known;
  }

  function constantOf(
    fn: AnyFunction,
    args: readonly unknown[],
    reading: Reading,
  ): CachedFunction | undefined {
    try {
      return constants.of(fn, reading);
    } catch (error) {
      throw refusedCall(error, fn, args);
    }
  }

  function plainCall(constant: CachedFunction, args: readonly unknown[]): PreparedCall | undefined {
    if (allPrimitive(args)) return new ItemsCall(constant, args);
    const items = readyItems(args);
    if (typeof items === 'object' && serializer === 'auto') return new ItemsCall(constant, items);
    const payload = items === RICH ? undefined : tryClone(args, callHeader(CALL_CLONE, constant.id));
    return payload && new WrittenCall(constant.name, constant.definitions, payload, undefined);
  }

  function graphCall(
    fn: AnyFunction,
    args: readonly unknown[],
    constant: CachedFunction | undefined,
    reading: Reading,
  ): PreparedCall {
    if (serializer === 'v8') checkForClone(fn, args);
    const { callError, warnOfLargeCapture, writeGraph } = graphs();
    const { policy, writer, payload } = writeGraph(
      { reducers: writing, mainByReference, reads: constant?.reads, reading, shareOf: options.shareOf },
      callHeader(CALL_GRAPH, constant?.id ?? 0),
      (writer) => writer.list(constant ? (args as unknown[]) : [fn, args]),
      (error, writer) => callError(error, fn, args, writer),
    );
    // What the worker knows already would be another one than what comes with the arguments.
    if (constant?.guards.some(({ fn: known }) => writer.hasWritten(known)))
      return graphCall(fn, args, undefined, reading);
    if (!constant) warnOfLargeCapture(fn, args, payload, writer);
    const definitions = [...(constant?.definitions ?? NONE), ...policy.definitions, ...pendingSettings()];
    const { shares } = policy;
    if (shares.size === 0) return new WrittenCall(nameOf(fn), definitions, payload, undefined);
    for (const share of shares) definitions.push(...share.definitions);
    return new WrittenCall(nameOf(fn), definitions, payload, [...shares]);
  }

  function checkForClone(fn: AnyFunction, args: readonly unknown[]): void {
    if (readyItems(args) !== RICH) return;
    const subject = `cannot send the task: an argument of ${nameOf(fn) || 'the function'}`;
    throw beyondClone(subject, 'arguments');
  }

  function decodeValue(payload: Payload): unknown {
    const { body } = payload;
    const primitive = body[0] === VALUE_ITEM ? primitiveAt(body, VALUE_HEADER) : OTHER;
    if (primitive !== OTHER) return primitive;
    refresh();
    return readAnswer(payload, currentResolver);
  }

  return {
    prepareCall,
    decodeValue,
    decodeOutcomes: (payload, count) => decodeOutcomes(payload, count, decodeValue),
    settings: () => currentSettings().payload,
    share(value) {
      refresh();
      return graphs().share(value, { serializer, reducers: writing, mainByReference });
    },
    takeRetired: () => (retired.ids.length === 0 ? NO_IDS : retired.ids.splice(0)),
    onLargeRetired(forget) {
      retired.onLarge = forget;
    },
  };
}

const NONE: readonly Definition[] = [];
const NO_IDS: readonly number[] = [];

function notAFunction(value: unknown): TypeError {
  const got = value === null ? 'null' : `a value of type ${typeof value}`;
  return new TypeError(`a task must be a function, but got ${got}`);
}
