/** The worker's end of sending: payloads to functions and arguments, results and errors to payloads. */
import { SerializationError } from '../errors.ts';
import {
  CALL_CLONE,
  CALL_GRAPH,
  CALL_HEADER,
  CALL_ITEMS,
  ERROR_GRAPH,
  LOST,
  VALUE_CLONE,
  VALUE_GRAPH,
  VALUE_ITEM,
  valueHeader,
} from './common/format.ts';
import type { InlineBody, Payload, ReceivedCall } from './common/payload.ts';
import { reasonOf } from './common/reason.ts';
import { beyondClone } from './common/serializer.ts';
import type { Shared } from './common/shared.ts';
import { sendingError } from './graph/refusal.ts';
import { GraphWriter } from './graph/writer.ts';
import { lost, malformed } from './values/bytes.ts';
import { asItIs, readCloneAt, readItems, readyValue, tryClone, writeOne } from './values/encode.ts';
import { isPrimitive, primitivesAt, SHORT_TEXT, writePrimitive } from './values/primitives.ts';
import { RICH } from './values/scan.ts';
import { Definitions, readGraph } from './worker/definitions.ts';
import { Functions } from './worker/functions.ts';
import { type ResultReducer, WorkerPolicy } from './worker/policy.ts';
import { WorkerResolver } from './worker/resolver.ts';
import { SharedValues } from './worker/shared-values.ts';
import { encodeThrown } from './worker/thrown.ts';

export interface Receiver {
  define(id: number, payload: Payload): void;
  /** A shared value that this process has already, under the number by which calls refer to it. */
  adopt(id: number, handle: Shared<unknown>): void;
  /** The host will not refer to this number again. */
  forget(id: number): void;
  /** Makes a function ready before it is called. Never throws. A promise where modules must be imported first. */
  prepare(id: number): Promise<unknown> | undefined;
  /**
   * @param onBuilt Called when the function is there and the arguments are about to be rebuilt, by code of the user perhaps.
   * @throws SerializationError if it cannot be rebuilt. A promise where modules must be imported first.
   */
  decodeCall(payload: Payload, onBuilt?: () => void): ReceivedCall | Promise<ReceivedCall>;
  /** @throws SerializationError if it cannot be sent. */
  encodeValue(value: unknown): Payload;
  /** A small primitive, to be written straight into its frame before this is called again; `undefined` for all else. */
  inlineValue(value: unknown): InlineAnswer | undefined;
  /** For anything thrown; never throws: what cannot be sent of it is left out. */
  encodeError(error: unknown): Payload;
}

type AnyFunction = ReceivedCall['fn'];

/** `settings` are those of the host's `Sender`. A promise where modules must be imported first. */
export function createReceiver(settings: Payload): Receiver | Promise<Receiver> {
  const functions = new Functions();
  const sharedValues = new SharedValues();
  const resolver = new WorkerResolver(functions, sharedValues);
  const definitions = new Definitions(functions, resolver, sharedValues);
  const inline = new InlineValue();
  const receiver: Receiver = {
    define: (id, payload) => definitions.define(id, payload),
    adopt: (id, handle) => sharedValues.adopt(id, handle),
    forget: (id) => definitions.forget(id),
    prepare: (id) => definitions.prepare(id),
    decodeCall(payload, onBuilt = () => {}) {
      try {
        const pending = definitions.pending();
        if (pending !== undefined)
          return pending.then(() => receiver.decodeCall(payload, onBuilt)).catch(rethrow);
        const call = decode(payload, onBuilt);
        return call instanceof Promise ? call.catch(rethrow) : call;
      } catch (error) {
        return rethrow(error);
      }
    },
    inlineValue(value) {
      switch (typeof value) {
        case 'string':
          if (value.length > SHORT_TEXT) return undefined;
          break;
        case 'object':
          if (value !== null) return undefined;
          break;
        case 'bigint':
        case 'symbol':
        case 'function':
          return undefined;
      }
      if (definitions.sendsGraphs()) return undefined;
      inline.value = value;
      return inline;
    },
    encodeValue,
    encodeError: (error) => encodeThrown(error, encodeLenient, encodeValue),
  };

  function decode(payload: Payload, onBuilt: () => void): ReceivedCall | Promise<ReceivedCall> {
    const { body } = payload;
    if (body[0] === LOST) throw lost(body, 'the task', 'the worker');
    const id = Buffer.from(body.buffer, body.byteOffset, body.byteLength).readUInt32LE(1);
    if (id === 0) return readGraph(payload, CALL_HEADER, resolver, onBuilt, callOf);
    const fn = definitions.function(id);
    if (fn instanceof Promise) return fn.then((known) => callWith(known, payload, onBuilt));
    return callWith(fn, payload, onBuilt);
  }

  function callWith(
    fn: AnyFunction,
    payload: Payload,
    onBuilt: () => void,
  ): ReceivedCall | Promise<ReceivedCall> {
    onBuilt();
    const { body, views } = payload;
    switch (body[0]) {
      case CALL_ITEMS:
        return { fn, args: primitivesAt(body, CALL_HEADER) ?? readItems(body, CALL_HEADER, views) };
      case CALL_CLONE:
        return { fn, args: readCloneAt(body, CALL_HEADER, views) as unknown[] };
      case CALL_GRAPH:
        return readGraph(
          payload,
          CALL_HEADER,
          resolver,
          () => {},
          (args) => ({ fn, args: args as unknown[] }),
        );
      default:
        throw malformed(`a call of the unknown kind ${body[0]}`);
    }
  }

  function newWriter(): GraphWriter {
    const { reducers, nearestClasses = false } = definitions.settings;
    const policy = new WorkerPolicy(functions, resolver, reducers as ResultReducer[], nearestClasses);
    return new GraphWriter(policy);
  }

  function encodeGraph(value: unknown): Payload {
    const writer = newWriter();
    try {
      return writer.write(value, valueHeader(VALUE_GRAPH));
    } catch (error) {
      throw resultError(error, value, writer);
    }
  }

  function encodeLenient(value: unknown): Payload {
    return newWriter().write(value, valueHeader(ERROR_GRAPH), true);
  }

  function encodeValue(value: unknown): Payload {
    if (definitions.sendsGraphs()) return encodeGraph(value);
    if (isPrimitive(value)) return writeOne(VALUE_ITEM, value);
    const { serializer } = definitions.settings;
    const item = typeof value === 'object' ? readyValue(value as object) : RICH;
    if (typeof item === 'object' && serializer !== 'v8') return writeOne(VALUE_ITEM, item);
    const cloned = item === RICH ? undefined : tryClone(value, valueHeader(VALUE_CLONE), asItIs);
    if (cloned) return cloned;
    if (serializer === 'v8') throw beyondClone('cannot send the result: it');
    return encodeGraph(value);
  }

  receiver.define(0, settings);
  const pending = definitions.pending();
  const itself = (): Receiver => receiver; // each task reports what fails in the settings
  return pending !== undefined ? pending.then(itself, itself) : receiver;
}

/** A small result that needs no bytes of its own; encoded as any other where there is no room for it. */
export interface InlineAnswer extends InlineBody {
  encode(): Payload;
}

class InlineValue implements InlineAnswer {
  value: unknown;

  writeInto(buffer: Buffer, at: number, limit: number): number {
    buffer[at] = VALUE_ITEM;
    return writePrimitive(buffer, at + 1, limit, this.value);
  }

  encode(): Payload {
    return writeOne(VALUE_ITEM, this.value);
  }
}

function callOf(root: unknown): ReceivedCall {
  const [fn, args] = root as [AnyFunction, unknown[]];
  return { fn, args };
}

function resultError(error: unknown, value: unknown, writer: GraphWriter): SerializationError {
  const roots = [{ name: 'result', value }];
  return sendingError(error, 'send the result', 'the result', roots, (owner) => writer.edgesOf(owner));
}

function rethrow(error: unknown): never {
  if (error instanceof SerializationError) throw error;
  throw new SerializationError(`the worker cannot rebuild the task: ${reasonOf(error)}`, { cause: error });
}
