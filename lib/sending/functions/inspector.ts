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

export interface BoundView {
  readonly target: unknown;
  readonly self: unknown;
  readonly args: readonly unknown[];
}

interface PropertiesResult {
  readonly internalProperties?: readonly { readonly name: string; readonly value?: RemoteObject }[];
}

export function viewFunction(fn: object): FunctionView {
  try {
    const objectId = remoteOf(fn);
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
    releaseSoon();
  }
}

/** The keys of a WeakMap or WeakSet that are still there. */
export function weakKeysOf(store: object): object[] {
  try {
    const objectId = remoteOf(store);
    const { internalProperties = [] } = post<PropertiesResult>('Runtime.getProperties', {
      objectId,
      ownProperties: true,
    });
    const entries = internalProperties.find(({ name }) => name === '[[Entries]]')?.value;
    if (!entries) throw new Error('the inspector does not list what is in a WeakMap');
    const listed = Array.from(fetchValue(entries) as ArrayLike<{ key?: object; value: object }>);
    return listed.map(({ key, value }) => key ?? value);
  } finally {
    releaseSoon();
  }
}

/** What is behind a proxy. */
export function targetOf(proxy: object): unknown {
  try {
    const objectId = remoteOf(proxy);
    const { internalProperties = [] } = post<PropertiesResult>('Runtime.getProperties', {
      objectId,
      ownProperties: true,
    });
    return fetchValue(internalProperties.find(({ name }) => name === '[[Target]]')?.value ?? {});
  } finally {
    releaseSoon();
  }
}

/** `Closure (name)`, `Block`, `Module`. */
const DESCRIPTION = /^(\S*)(?: \((.*)\))?/s;

function scopeViews(raw: unknown): ScopeView[] {
  const views: ScopeView[] = [];
  for (const { description, object } of Array.from(
    raw as ArrayLike<{ description: unknown; object: object }>,
  )) {
    const [, type = '', owner = ''] = DESCRIPTION.exec(String(description)) ?? [];
    if (type !== 'Global') views.push({ type, owner, variables: object as Record<string, unknown> });
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
