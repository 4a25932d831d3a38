/**
 * V8's own view of a function, asked through the inspector on this very thread: the captured variables and the place
 * in the source. Answers are synchronous; nothing stays held in the inspector after the event loop has turned.
 */
import { fetchValue, post, type RemoteObject, releaseSoon, remoteOf } from './inspector-session.ts';

export interface Location {
  readonly scriptId: string;
  /** Zero-based. */
  readonly line: number;
  readonly column: number;
}

/** The variables of one scope; reading one that is not initialized may throw. */
export interface ScopeView {
  readonly type: string;
  /** The name of the function whose scope it is; empty if it has none. */
  readonly owner: string;
  readonly variables: Record<string, unknown>;
}

export interface FunctionView {
  readonly location: Location | undefined;
  /** From the inside out, without the global one. */
  readonly scopes: readonly ScopeView[];
  readonly bound: BoundView | undefined;
}

/** Of a function that cannot be asked for. */
export const NO_VIEW: FunctionView = { location: undefined, scopes: [], bound: undefined };

export interface BoundView {
  readonly target: unknown;
  readonly self: unknown;
  readonly args: readonly unknown[];
}

interface PropertiesResult {
  readonly internalProperties?: readonly { readonly name: string; readonly value?: RemoteObject }[];
}

/** Gives of a value what only the engine knows, by the engine's names. */
type Internal = (name: string) => RemoteObject;

/** Asks for internals of a value while the inspector holds them. */
function inspect<T>(value: object, read: (internal: Internal) => T): T {
  try {
    const parameters = { objectId: remoteOf(value), ownProperties: true };
    const { internalProperties = [] } = post<PropertiesResult>('Runtime.getProperties', parameters);
    return read((name) => internalProperties.find((each) => each.name === name)?.value ?? {});
  } finally {
    releaseSoon();
  }
}

export const viewFunction = (fn: object): FunctionView => inspect(fn, viewOf);

function viewOf(internal: Internal): FunctionView {
  const place = internal('[[FunctionLocation]]').value as
    | { scriptId: string; lineNumber: number; columnNumber: number }
    | undefined;
  const location = place && {
    scriptId: place.scriptId,
    line: place.lineNumber,
    column: place.columnNumber,
  };
  const target = internal('[[TargetFunction]]');
  if (target.objectId === undefined)
    return { location, scopes: scopeViews(fetchValue(internal('[[Scopes]]'))), bound: undefined };
  const args = fetchValue(internal('[[BoundArgs]]')) as ArrayLike<unknown>;
  const self = fetchValue(internal('[[BoundThis]]'));
  return { location, scopes: [], bound: { target: fetchValue(target), self, args: Array.from(args) } };
}

/** The keys of a WeakMap or WeakSet that are still there. */
export const weakKeysOf = (store: object): object[] =>
  inspect(store, (internal) => {
    const entries = fetchValue(internal('[[Entries]]'));
    if (!entries) throw new Error('the inspector does not list what is in a WeakMap');
    return Array.from(
      entries as ArrayLike<{ key?: object; value: object }>,
      ({ key, value }) => key ?? value,
    );
  });

/** What is behind a proxy. */
export const targetOf = (proxy: object): unknown =>
  inspect(proxy, (internal) => fetchValue(internal('[[Target]]')));

/** `Closure (name)`, `Block`, `Module`. */
const DESCRIPTION = /^(\S*)(?: \((.*)\))?/s;

function scopeViews(raw: unknown): ScopeView[] {
  const scopes = Array.from((raw ?? []) as ArrayLike<{ description: unknown; object: object }>);
  const views = scopes.map(({ description, object }): ScopeView => {
    const [, type = '', owner = ''] = DESCRIPTION.exec(String(description)) ?? [];
    return { type, owner, variables: object as Record<string, unknown> };
  });
  return views.filter(({ type }) => type !== 'Global');
}

/** Variables of the outermost scope: they tell files apart that have the same text at the same place. */
export function outerNames(scopes: readonly ScopeView[]): string[] {
  const outer = scopes.findLast((scope) => scope.type === 'Module') ?? scopes.at(-1);
  const names = Object.keys(outer?.variables ?? {});
  return names.filter((name) => name !== 'this').slice(0, 20);
}
