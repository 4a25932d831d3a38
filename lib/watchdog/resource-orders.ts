/**
 * The orders of the resource tracker as lines of text: what a worker writes to its host. It checks them and
 * carries out nothing.
 */
import { parse, resolve } from 'node:path';

/** What can be tracked. A folder is removed with all that is in it. */
export type ResourceKind = 'file' | 'folder';
export type ResourceVerb = 'register' | 'unregister' | 'maybeUnlink';

/** One order; its path is absolute. */
export interface ResourceOrder {
  readonly verb: ResourceVerb;
  readonly kind: ResourceKind;
  readonly path: string;
}

const VERBS: readonly unknown[] = ['register', 'unregister', 'maybeUnlink'];
const KINDS: readonly unknown[] = ['file', 'folder'];

/** Makes an order of what a user passed. Relative paths count from the working folder of this moment. */
export function createOrder(verb: ResourceVerb, path: unknown, kind: unknown): ResourceOrder {
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    throw new TypeError(
      `Expected the path of a file or folder as a string, got ${JSON.stringify(path) ?? typeof path}.`,
    );
  }
  if (!isKind(kind)) {
    throw new TypeError(
      `Expected the kind of resource to be 'file' or 'folder', got ${JSON.stringify(kind) ?? typeof kind}.`,
    );
  }
  const absolute = resolve(path);
  if (absolute === parse(absolute).root) {
    throw new RangeError(
      `Expected a temporary ${kind} to track, got ${absolute}, which is a whole file system.`,
    );
  }
  return { verb, kind, path: absolute };
}

/** One line, its end included. JSON escapes line ends within a path. */
export function encodeOrder({ verb, kind, path }: ResourceOrder): string {
  return `${JSON.stringify([verb, kind, path])}\n`;
}

/** The order of a line; `undefined` for what is none, as a task may write rubbish to any descriptor. */
export function decodeOrder(line: string): ResourceOrder | undefined {
  try {
    const [verb, kind, path] = JSON.parse(line) as unknown[];
    return VERBS.includes(verb) ? createOrder(verb as ResourceVerb, path, kind) : undefined;
  } catch {
    return undefined;
  }
}

function isKind(kind: unknown): kind is ResourceKind {
  return KINDS.includes(kind);
}
