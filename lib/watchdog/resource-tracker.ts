/**
 * What programs use to register temporary files. The main process counts, for its workers at any depth, too: what a
 * worker orders goes to its host at once, so that it outlives the worker.
 */

import { offered } from '../system/worker-link.ts';
import { createOrder, encodeOrder, type ResourceKind, type ResourceOrder } from './resource-orders.ts';
import * as temporaryFiles from './temporary-files.ts';

/** Loaded when it is asked for. */
const later = (): typeof temporaryFiles => temporaryFiles;

/** Removes temporary files and folders with their last user, or when the main process has ended in whatever way. */
export interface ResourceTracker {
  /**
   * One more user of the file or folder. All processes of a program, workers at any depth too, count together. An order of
   * a worker is with its host about a millisecond later, at the latest with the result of its task: if the host is killed
   * before, the order is lost.
   */
  register(path: string, kind: ResourceKind): void;
  /** Forgets it, however many use it, and leaves it where it is. */
  unregister(path: string, kind: ResourceKind): void;
  /** One user less. The last one's call removes it, a folder with all that is in it. */
  maybeUnlink(path: string, kind: ResourceKind): void;
}

/**
 * Reference counts for temporary files and folders. The guardian, a small helper process, removes what is still
 * registered when this process has ended, be it by SIGKILL: files first, then folders.
 */
export const resourceTracker: ResourceTracker = {
  register: (path, kind) => passOrder(createOrder('register', path, kind)),
  unregister: (path, kind) => passOrder(createOrder('unregister', path, kind)),
  maybeUnlink: (path, kind) => passOrder(createOrder('maybeUnlink', path, kind)),
};

/** To the host, in a worker. */
export function passOrder(order: ResourceOrder): void {
  const link = offered('trackerLink');
  if (link === undefined) later().carryOut(order);
  else link(encodeOrder(order));
}
