/**
 * A session of the inspector on this very thread, opened when it is first used: messages that are answered at once, and
 * values handed over in both directions. What it holds is released when the event loop turns.
 */
import type { Session } from 'node:inspector';
import { setImmediate } from '../../system/timers.ts';

export interface RemoteObject {
  readonly objectId?: string;
  readonly value?: unknown;
}

/**
 * What all copies of this package in a thread share. A test runner loads it for each test file into a realm of its own,
 * and V8 holds what a session was given: one session each would keep every realm in memory. So nothing in here may be
 * an object of the realm that made it.
 */
interface Exchange {
  readonly session: Session;
  /** The inspector's name for this object. */
  readonly id: string;
  /** How many copies there are. */
  copies: number;
  /** Ways in and out. */
  input: unknown;
  output: unknown;
}

const KEY = Symbol.for('loky.inspected');
/** So many captures share one release of what the inspector holds for them. */
const RELEASE_AFTER = 16;

let exchange: Exchange | undefined;
/** Of all that is held in the session, what this copy may release. */
let group = '';
let held = 0;
/** What was asked for last: asked again in the same turn, it is still there. */
let last: { readonly value: object; readonly objectId: string } | undefined;

/** Whether the session is open: to ask it once more is quick. */
export const isInspecting = (): boolean => exchange !== undefined;

/** What was captured stays held until then, or until the event loop turns: a message for each would be slow. */
export function releaseSoon(): void {
  if (!exchange) return; // this process may not use the inspector
  held++;
  if (held === 1) setImmediate(release).unref();
  else if (held > RELEASE_AFTER) {
    release();
    held = 1;
  }
}

function release(): void {
  if (held > 0) post('Runtime.releaseObjectGroup', { objectGroup: group });
  held = 0;
  last = undefined;
}

/** The inspector's name for an object of this program. */
export function remoteOf(value: object): string | undefined {
  if (last?.value === value) return last.objectId;
  const shared = connect();
  shared.input = value;
  try {
    const { objectId } = call('function(){return this.input}');
    if (objectId !== undefined) last = { value, objectId };
    return objectId;
  } finally {
    shared.input = undefined;
  }
}

export function post<T>(method: string, parameters: object = {}): T {
  return ask(connect().session, method, parameters);
}

function ask<T>(session: Session, method: string, parameters: object): T {
  let failure: Error | null = null;
  let answer: T | undefined;
  let answered = false;
  session.post(method, parameters, (error: Error | null, result?: object) => {
    failure = error;
    answer = result as T;
    answered = true;
  });
  if (failure) throw failure;
  if (!answered) throw new Error('the inspector of this runtime does not answer at once');
  return answer as T;
}

/** @throws Error if this process may not use the inspector. */
function connect(): Exchange {
  if (exchange) return exchange;
  const { Session: Shared } = process.getBuiltinModule('node:inspector');
  const place = Shared as unknown as Record<symbol, Exchange | undefined>;
  const found = place[KEY] ?? open(new Shared(), place);
  found.copies++;
  group = `loky-${found.copies}`;
  exchange = found;
  return found;
}

/** The object is made by the inspector, in the realm of the program itself. */
function open(session: Session, place: Record<symbol, Exchange | undefined>): Exchange {
  session.connect();
  try {
    const expression =
      "process.getBuiltinModule('node:inspector').Session[Symbol.for('loky.inspected')] = Object.create(null)";
    const { result } = ask<{ result: RemoteObject }>(session, 'Runtime.evaluate', { expression });
    const made = place[KEY];
    if (!result.objectId || !made) throw new Error('the inspector does not see this thread');
    return Object.assign(made, { session, id: result.objectId, copies: 0 });
  } catch (error) {
    delete place[KEY];
    session.disconnect();
    throw error;
  }
}

const call = (functionDeclaration: string, ...args: object[]): RemoteObject =>
  post<{ result: RemoteObject }>('Runtime.callFunctionOn', {
    objectId: connect().id,
    functionDeclaration,
    arguments: args,
    objectGroup: group,
    silent: true,
  }).result;

export function fetchValue({ objectId, value }: RemoteObject): unknown {
  if (objectId === undefined) return value;
  const shared = connect();
  call('function(value){this.output=value}', { objectId });
  const { output } = shared;
  shared.output = undefined;
  return output;
}

/** Runs while the messages of one kind are listened to. */
export function listening<T>(
  event: string,
  listener: (message: { params: T }) => void,
  action: () => void,
): void {
  const { session } = connect();
  session.on(event, listener as never);
  try {
    action();
  } finally {
    session.off(event, listener as never);
  }
}
