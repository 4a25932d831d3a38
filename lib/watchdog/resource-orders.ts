/** Orders to the resource tracker, and their form as a line of text, in which a worker sends them to its host. */
import { parse, resolve } from 'node:path';

/** What can be tracked. A folder is removed with all that is in it. */
export type ResourceKind = 'file' | 'folder';
type ResourceVerb = 'register' | 'unregister' | 'maybeUnlink';

/** One order; its path is absolute. */
export interface ResourceOrder {
  readonly verb: ResourceVerb;
  readonly kind: ResourceKind;
  readonly path: string;
}

const VERBS: readonly unknown[] = ['register', 'unregister', 'maybeUnlink'];

/** Makes an order of what a user passed. Relative paths count from the working folder of this moment. */
export function createOrder(verb: ResourceVerb, path: unknown, kind: unknown): ResourceOrder {
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    throw new TypeError(
      `Expected the path of a file or folder as a string, got ${JSON.stringify(path) ?? typeof path}.`,
    );
  }
  if (kind !== 'file' && kind !== 'folder') {
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

/** One line, its end included: what a worker writes to its host. JSON escapes line ends within a path. */
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
