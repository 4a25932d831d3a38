/**
 * The resource tracker as users see it. In the main process it counts by itself; a worker sends its orders to its
 * host, at once, so that they outlive the worker.
 */
import {
  createOrder,
  decodeOrder,
  encodeOrder,
  type ResourceKind,
  type ResourceOrder,
  type ResourceVerb,
} from './resource-orders.ts';
import { createResourceRegistry } from './resource-registry.ts';
import { trackerLink } from './tracker-link.ts';

/** Removes temporary files and folders with their last user, or when the main process has ended in whatever way. */
export interface ResourceTracker {
  /** One more user of the file or folder. All processes of a program, workers at any depth too, count together. */
  register(path: string, kind: ResourceKind): void;
  /** Forgets it, however many use it, and leaves it where it is. */
  unregister(path: string, kind: ResourceKind): void;
  /** One user less. The last one's call removes it, a folder with all that is in it. */
  maybeUnlink(path: string, kind: ResourceKind): void;
}

/** The registry of this process, where it is the main process. */
const registry = createResourceRegistry();

/**
 * Reference counts for temporary files and folders. A small helper process, which starts when it is first needed,
 * removes what is still registered when this process has ended, be it by SIGKILL: files first, then folders.
 */
export const resourceTracker: ResourceTracker = {
  register: (path, kind) => give('register', path, kind),
  unregister: (path, kind) => give('unregister', path, kind),
  maybeUnlink: (path, kind) => give('maybeUnlink', path, kind),
};

/** No path of a system is as long; a task may write more than fits into a string. In bytes. */
const LONGEST_LINE = 64 * 1024;

/** Carries out an order that a worker sent, a line of text; what is no order is passed over. */
export function receiveOrder({ buffer, byteOffset, byteLength }: Uint8Array): void {
  if (byteLength > LONGEST_LINE) return;
  const order = decodeOrder(Buffer.from(buffer, byteOffset, byteLength).toString());
  if (order) pass(order);
}

/** Resolves when no helper process is left, or at once while something is registered. Never rejects. */
export function trackerEnded(): Promise<void> {
  return registry.ended();
}

function give(verb: ResourceVerb, path: string, kind: ResourceKind): void {
  pass(createOrder(verb, path, kind));
}

function pass(order: ResourceOrder): void {
  const link = trackerLink();
  if (link === undefined) registry.carryOut(order);
  else link(encodeOrder(order));
}
