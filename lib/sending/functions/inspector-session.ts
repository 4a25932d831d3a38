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

const GROUP = 'loky';
const KEY = Symbol.for('loky.inspected');
/** Every realm of the thread sees the same object. */
const exchange: { input: unknown; output: unknown } = Object.assign(Object.create(null), {
  input: undefined,
});
/** So many captures share one release of what the inspector holds for them. */
const RELEASE_AFTER = 16;

let session: Session | undefined;
let exchangeId = '';
let held = 0;
/** What was asked for last: asked again in the same turn, it is still there. */
let last: { readonly value: object; readonly objectId: string } | undefined;

/** What was captured stays held until then, or until the event loop turns: a message for each would be slow. */
export function releaseSoon(): void {
  held++;
  if (held === 1) setImmediate(release).unref();
  else if (held > RELEASE_AFTER) {
    release();
    held = 1;
  }
}

function release(): void {
  if (held > 0) post('Runtime.releaseObjectGroup', { objectGroup: GROUP });
  held = 0;
  last = undefined;
}

/** The inspector's name for an object of this program. */
export function remoteOf(value: object): string | undefined {
  if (last?.value === value) return last.objectId;
  exchange.input = value;
  try {
    const { objectId } = call('function(){return this.input}');
    if (objectId !== undefined) last = { value, objectId };
    return objectId;
  } finally {
    exchange.input = undefined;
  }
}

export function post<T>(method: string, parameters: object = {}): T {
  let failure: Error | null = null;
  let answer: T | undefined;
  let answered = false;
  (session as Session).post(method, parameters, (error: Error | null, result?: object) => {
    failure = error;
    answer = result as T;
    answered = true;
  });
  if (failure) throw failure;
  if (!answered) throw new Error('the inspector of this runtime does not answer at once');
  return answer as T;
}

/** @throws Error if this process may not use the inspector. */
export function connect(): void {
  if (session) return;
  const inspector = process.getBuiltinModule('node:inspector');
  const opened = new inspector.Session();
  opened.connect();
  session = opened;
  const shared = inspector.Session as unknown as Record<symbol, unknown>;
  shared[KEY] = exchange;
  try {
    const expression = "process.getBuiltinModule('node:inspector').Session[Symbol.for('loky.inspected')]";
    const { result } = post<{ result: RemoteObject }>('Runtime.evaluate', { expression });
    if (!result.objectId) throw new Error('the inspector does not see this thread');
    exchangeId = result.objectId;
  } catch (error) {
    session = undefined;
    opened.disconnect();
    throw error;
  } finally {
    delete shared[KEY];
  }
}

const call = (functionDeclaration: string, ...args: object[]): RemoteObject =>
  post<{ result: RemoteObject }>('Runtime.callFunctionOn', {
    objectId: exchangeId,
    functionDeclaration,
    arguments: args,
    objectGroup: GROUP,
    silent: true,
  }).result;

export function fetchValue({ objectId, value }: RemoteObject): unknown {
  if (objectId === undefined) return value;
  call('function(value){this.output=value}', { objectId });
  const { output } = exchange;
  exchange.output = undefined;
  return output;
}

/** Runs while the messages of one kind are listened to. */
export function listening<T>(
  event: string,
  listener: (message: { params: T }) => void,
  action: () => void,
): void {
  const current = session as Session;
  current.on(event, listener as never);
  try {
    action();
  } finally {
    current.off(event, listener as never);
  }
}
