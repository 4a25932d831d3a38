/**
 * A function with its arguments as one text, and run from it. Only for calls that are signed: reading evaluates code, so it
 * is done in the worker process alone.
 */

import type { Payload } from '../sending/common/payload.ts';
import type { Reducers } from '../sending/common/reducers.ts';
import type { Shared, ShareOf } from '../sending/common/shared.ts';
import { keepForSending } from '../sending/host/rich.ts';
import { createReceiver } from '../sending/receiver.ts';
import { createSender, type Sender } from '../sending/sender.ts';

type AnyFunction = (...args: never[]) => unknown;

interface WrittenPayload {
  readonly body: string;
  readonly views: readonly string[];
}

interface WrittenCall {
  readonly settings: WrittenPayload;
  readonly definitions: readonly (readonly [id: number, payload: WrittenPayload])[];
  readonly call: WrittenPayload;
}

/** Settings first: a sender that has sent its settings sends with each call what has changed since. */
export function functionWriter(
  reducers: Reducers | undefined,
  shareOf: ShareOf,
): (fn: AnyFunction, args: readonly unknown[]) => string {
  keepForSending();
  const sender: Sender = createSender({ serializer: 'auto', jobReducers: reducers, shareOf });
  return (fn, args) => {
    const settings = writePayload(sender.settings());
    const prepared = sender.prepareCall(fn, args);
    const definitions = prepared.definitions.map(({ id, payload }) => [id, writePayload(payload)] as const);
    const written: WrittenCall = { settings, definitions, call: writePayload(prepared.encode()) };
    return JSON.stringify(written);
  };
}

/**
 * @param shared By the numbers by which it refers to them.
 * @throws SerializationError if it cannot be rebuilt on this machine.
 */
export async function readFunctionCall(
  text: string,
  shared: ReadonlyMap<number, Shared<unknown>>,
): Promise<{ fn: (...args: unknown[]) => unknown; args: unknown[] }> {
  const { settings, definitions, call } = JSON.parse(text) as WrittenCall;
  const receiver = await createReceiver(readPayload(settings));
  for (const [id, payload] of definitions) receiver.define(id, readPayload(payload));
  for (const [id, handle] of shared) receiver.adopt(id, handle);
  return receiver.decodeCall(readPayload(call));
}

function writePayload({ body, views }: Payload): WrittenPayload {
  return { body: base64(body), views: views.map(base64) };
}

function readPayload({ body, views }: WrittenPayload): Payload {
  return { body: Buffer.from(body, 'base64'), views: views.map((view) => Buffer.from(view, 'base64')) };
}

const base64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
