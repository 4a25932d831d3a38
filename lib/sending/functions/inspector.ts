/**
 * V8's own view of a function, asked through the inspector on this very thread: the captured variables and the place
 * in the source. Answers are synchronous; nothing stays held in the inspector after the event loop has turned.
 */
import type { Session } from 'node:inspector';

export interface Location {
  readonly scriptId: string;
  /** Zero-based. */
  readonly line: number;
  readonly column: number;
}

/** The variables of one scope; reading one that is not initialized may throw. */
export interface ScopeView {
  readonly type: string;
  readonly variables: Record<string, unknown>;
}

export interface FunctionView {
  readonly location: Location | undefined;
  /** From the inside out, without the global one. */
  readonly scopes: readonly ScopeView[];
  readonly bound: BoundView | undefined;
}

export interface BoundView {
  readonly target: unknown;
  readonly self: unknown;
  readonly args: readonly unknown[];
}

export interface ScriptView {
  readonly url: string;
  readonly isModule: boolean;
}

interface RemoteObject {
  readonly objectId?: string;
  readonly value?: unknown;
}

interface PropertiesResult {
  readonly internalProperties?: readonly { readonly name: string; readonly value?: RemoteObject }[];
}

const GROUP = 'loky';
const KEY = Symbol.for('loky.inspected');
/** Hands values over in both directions: every realm of the thread sees the same object. */
const exchange: { input: unknown; output: unknown } = Object.assign(Object.create(null), {
  input: undefined,
});
const scripts = new Map<string, ScriptView>();

/** So many captures share one release of what the inspector holds for them. */
const RELEASE_AFTER = 16;

let session: Session | undefined;
let exchangeId = '';
let held = 0;
/** What was asked for last: asked again in the same turn, it is still there. */
let last: { readonly fn: object; readonly objectId: string } | undefined;

/** What was captured stays held until then, or until the event loop turns: a message for each would be slow. */
function releaseSoon(): void {
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

function objectIdOf(fn: object): string | undefined {
  if (last?.fn === fn) return last.objectId;
  exchange.input = fn;
  const { objectId } = call('function(){return this.input}');
  if (objectId !== undefined) last = { fn, objectId };
  return objectId;
}

function post<T>(method: string, parameters: object = {}): T {
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
function connect(): void {
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

function fetchValue({ objectId, value }: RemoteObject): unknown {
  if (objectId === undefined) return value;
  call('function(value){this.output=value}', { objectId });
  const { output } = exchange;
  exchange.output = undefined;
  return output;
}

export function viewFunction(fn: object): FunctionView {
  connect();
  try {
    const objectId = objectIdOf(fn);
    const { internalProperties = [] } = post<PropertiesResult>('Runtime.getProperties', {
      objectId,
      ownProperties: true,
    });
    const find = (name: string): RemoteObject | undefined =>
      internalProperties.find((p) => p.name === name)?.value;
    const place = find('[[FunctionLocation]]')?.value as
      | { scriptId: string; lineNumber: number; columnNumber: number }
      | undefined;
    const location = place && {
      scriptId: place.scriptId,
      line: place.lineNumber,
      column: place.columnNumber,
    };
    const target = find('[[TargetFunction]]');
    if (target) {
      const args = fetchValue(find('[[BoundArgs]]') ?? {}) as ArrayLike<unknown>;
      const self = fetchValue(find('[[BoundThis]]') ?? {});
      return { location, scopes: [], bound: { target: fetchValue(target), self, args: Array.from(args) } };
    }
    const scopes = find('[[Scopes]]');
    return { location, scopes: scopes ? scopeViews(fetchValue(scopes)) : [], bound: undefined };
  } finally {
    exchange.input = undefined;
    releaseSoon();
  }
}

function scopeViews(raw: unknown): ScopeView[] {
  const views: ScopeView[] = [];
  for (const { description, object } of Array.from(
    raw as ArrayLike<{ description: unknown; object: object }>,
  )) {
    const [type = ''] = String(description).split(' ');
    if (type !== 'Global') views.push({ type, variables: object as Record<string, unknown> });
  }
  return views;
}

/** Variables of the outermost scope: they tell files apart that have the same text at the same place. */
export function outerNames(scopes: readonly ScopeView[]): string[] {
  const outer = scopes.findLast((scope) => scope.type === 'Module') ?? scopes.at(-1);
  return outer
    ? Object.keys(outer.variables)
        .filter((name) => name !== 'this')
        .slice(0, 20)
    : [];
}

/** What V8 knows of a script. Lists all scripts when it is asked for one that is new: slow, so asked last. */
export function viewScript(scriptId: string): ScriptView | undefined {
  connect();
  if (!scripts.has(scriptId)) withDebugger(() => {});
  return scripts.get(scriptId);
}

export function scriptSource(scriptId: string): string | undefined {
  connect();
  let source: string | undefined;
  withDebugger(() => {
    source = post<{ scriptSource: string }>('Debugger.getScriptSource', { scriptId }).scriptSource;
  });
  return source;
}

/** A debugger that stays on makes every `await` slower: it is off again when this returns. */
function withDebugger(action: () => void): void {
  const onScript = ({ params }: { params: { scriptId: string; url: string; isModule?: boolean } }): void => {
    scripts.set(params.scriptId, { url: params.url, isModule: params.isModule === true });
  };
  const current = session as Session;
  current.on('Debugger.scriptParsed', onScript as never);
  try {
    post('Debugger.enable');
    action();
  } finally {
    current.off('Debugger.scriptParsed', onScript as never);
    post('Debugger.disable');
  }
}
