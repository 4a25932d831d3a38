/**
 * Reference counts for temporary files and folders. The guardian removes what is still registered when the main process
 * is gone.
 */
import { rm, unlink } from 'node:fs/promises';
import { messageOf } from '../system/thrown.ts';
import { type Guardian, guardian } from './guardian.ts';
import type { Note } from './notes.ts';
import { decodeOrder, type ResourceKind, type ResourceOrder } from './resource-orders.ts';
import { passOrder } from './resource-tracker.ts';

const LETTERS = { file: { left: 'F', released: 'f' }, folder: { left: 'D', released: 'd' } } as const;

/** Carries orders out. */
export interface ResourceRegistry {
  carryOut(order: ResourceOrder): void;
  /** Resolves when all that lost its last user is removed. Never rejects. */
  removed(): Promise<void>;
}

interface Resource {
  readonly kind: ResourceKind;
  readonly path: string;
  /** For the guardian; `undefined` where it cannot be named. */
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
          'registered files and folders stay if this process ends before their last user unregisters them.',
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

export const carryOut = (order: ResourceOrder): void => registry.carryOut(order);

/** No path of a system is as long; a task may write more than fits into a string. In bytes. */
const LONGEST_LINE = 64 * 1024;

/** Carries out an order that a worker sent, a line of text; what is no order is passed over. */
export function receiveOrder({ buffer, byteOffset, byteLength }: Uint8Array): void {
  if (byteLength > LONGEST_LINE) return;
  const order = decodeOrder(Buffer.from(buffer, byteOffset, byteLength).toString());
  if (order) passOrder(order);
}

/** Resolves when all that lost its last user is removed. Never rejects. */
export function temporaryFilesRemoved(): Promise<void> {
  return registry.removed();
}
