/**
 * Reference counts for temporary files and folders. The main process counts, for its workers at any depth, too: what a
 * worker orders goes to its host at once, so that it outlives the worker. The guardian removes what is still registered
 * when the main process is gone.
 */
import { rm, unlink } from 'node:fs/promises';
import { parse, resolve } from 'node:path';
import { messageOf } from '../system/thrown.ts';
import { type Guardian, guardian } from './guardian.ts';
import type { Note } from './notes.ts';
import { trackerLink } from './tracker-link.ts';

/** What can be tracked. A folder is removed with all that is in it. */
export type ResourceKind = 'file' | 'folder';
type ResourceVerb = 'register' | 'unregister' | 'maybeUnlink';

/** Removes temporary files and folders with their last user, or when the main process has ended in whatever way. */
export interface ResourceTracker {
  /** One more user of the file or folder. All processes of a program, workers at any depth too, count together. */
  register(path: string, kind: ResourceKind): void;
  /** Forgets it, however many use it, and leaves it where it is. */
  unregister(path: string, kind: ResourceKind): void;
  /** One user less. The last one's call removes it, a folder with all that is in it. */
  maybeUnlink(path: string, kind: ResourceKind): void;
}

/** One order; its path is absolute. */
export interface ResourceOrder {
  readonly verb: ResourceVerb;
  readonly kind: ResourceKind;
  readonly path: string;
}

const VERBS: readonly unknown[] = ['register', 'unregister', 'maybeUnlink'];
const LETTERS = { file: { left: 'F', released: 'f' }, folder: { left: 'D', released: 'd' } } as const;

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

/** Carries orders out. */
export interface ResourceRegistry {
  carryOut(order: ResourceOrder): void;
  /** Resolves when all that lost its last user is removed. Never rejects. */
  removed(): Promise<void>;
}

interface Resource {
  readonly kind: ResourceKind;
  readonly path: string;
  /** For the guardian; `undefined` where it cannot be told. */
  readonly note: Note | undefined;
  /** Users; 0 while it is being removed. */
  count: number;
}

export function createResourceRegistry(
  helper: Pick<Guardian, 'note'> = guardian,
  warn: (message: string) => void = (message) => process.emitWarning(message),
): ResourceRegistry {
  const resources = new Map<string, Resource>();
  const removals = new Set<Promise<void>>();
  let hasWarned = false;

  function noteOf({ kind, path }: ResourceOrder): Note | undefined {
    let reason = 'there is no folder for a file of its own';
    try {
      const note = helper.note(LETTERS[kind].left, path);
      if (note !== undefined) return note;
    } catch (error) {
      reason = messageOf(error);
    }
    if (!hasWarned) {
      warn(
        `The resource tracker of loky cannot keep its notes (${reason}): ` +
          'registered files and folders are left behind if this process ends before their last user lets them go.',
      );
    }
    hasWarned = true;
    return undefined;
  }

  function register(key: string, order: ResourceOrder): void {
    const resource = resources.get(key);
    if (resource === undefined)
      resources.set(key, { kind: order.kind, path: order.path, note: noteOf(order), count: 1 });
    else {
      if (resource.count === 0) resource.note?.change(LETTERS[resource.kind].left);
      resource.count++;
    }
  }

  function forget(key: string, resource: Resource): void {
    resources.delete(key);
    resource.note?.erase();
  }

  function release(key: string, resource: Resource): void {
    resource.count--;
    if (resource.count > 0) return;
    resource.note?.change(LETTERS[resource.kind].released);
    const removal = remove(resource)
      .catch((error: unknown) =>
        warn(`The resource tracker of loky could not remove a ${resource.kind}: ${messageOf(error)}`),
      )
      .then(() => {
        removals.delete(removal);
        // It may have been registered again while it was removed.
        if (resource.count === 0) forget(key, resource);
      });
    removals.add(removal);
  }

  return {
    carryOut(order) {
      const key = `${order.kind} ${order.path}`;
      const resource = resources.get(key);
      if (order.verb === 'register') register(key, order);
      else if (!resource || resource.count === 0) {
        warn(
          `${order.verb} of a ${order.kind} that is not registered with the resource tracker of loky: ${order.path}`,
        );
      } else if (order.verb === 'unregister') forget(key, resource);
      else release(key, resource);
    },
    async removed() {
      await Promise.all(removals);
    },
  };
}

function remove({ kind, path }: Resource): Promise<void> {
  return kind === 'file' ? unlink(path) : rm(path, { recursive: true });
}

/** The registry of this process, where it is the main process. */
const registry = createResourceRegistry();

/**
 * Reference counts for temporary files and folders. The guardian, a small helper process, removes what is still
 * registered when this process has ended, be it by SIGKILL: files first, then folders.
 */
export const resourceTracker: ResourceTracker = {
  register: (path, kind) => pass(createOrder('register', path, kind)),
  unregister: (path, kind) => pass(createOrder('unregister', path, kind)),
  maybeUnlink: (path, kind) => pass(createOrder('maybeUnlink', path, kind)),
};

/** No path of a system is as long; a task may write more than fits into a string. In bytes. */
const LONGEST_LINE = 64 * 1024;

/** Carries out an order that a worker sent, a line of text; what is no order is passed over. */
export function receiveOrder({ buffer, byteOffset, byteLength }: Uint8Array): void {
  if (byteLength > LONGEST_LINE) return;
  const order = decodeOrder(Buffer.from(buffer, byteOffset, byteLength).toString());
  if (order) pass(order);
}

/** Resolves when all that lost its last user is removed. Never rejects. */
export function temporaryFilesRemoved(): Promise<void> {
  return registry.removed();
}

function pass(order: ResourceOrder): void {
  const link = trackerLink();
  if (link === undefined) registry.carryOut(order);
  else link(encodeOrder(order));
}
