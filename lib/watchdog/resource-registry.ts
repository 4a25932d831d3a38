/**
 * Counts who uses which temporary file or folder, and removes it with its last user. It tells the tracker process
 * what would have to be removed if this process died now. It knows no workers.
 */
import { rm, unlink } from 'node:fs/promises';
import { messageOf } from '../system/thrown.ts';
import type { ResourceKind, ResourceOrder } from './resource-orders.ts';
import { createTrackerProcess } from './tracker-process.ts';

/** Carries orders out. */
export interface ResourceRegistry {
  carryOut(order: ResourceOrder): void;
  /** Resolves when no tracker process is left, or at once while something is registered. Never rejects. */
  ended(): Promise<void>;
}

export interface ResourceRegistryOptions {
  readonly warn?: (message: string) => void;
  /** Called with its pid each time a tracker process starts. */
  readonly onLaunch?: (pid: number) => void;
}

interface Resource {
  readonly kind: ResourceKind;
  readonly path: string;
  /** Users; 0 while it is being removed. */
  count: number;
}

/**
 * What the tracker process is told: `keep` what to remove when the pipe ends, `release` what is being removed
 * already (it says nothing when it has to help out), and `forget` what needs no care any more.
 */
type Notice = 'keep' | 'release' | 'forget';

export function createResourceRegistry(options: ResourceRegistryOptions = {}): ResourceRegistry {
  const { warn = (message) => process.emitWarning(message), onLaunch } = options;
  const resources = new Map<string, Resource>();
  const removals = new Set<Promise<void>>();
  const tracker = createTrackerProcess({
    state: () =>
      [...resources.values()].map((resource) => notice(resource.count > 0 ? 'keep' : 'release', resource)),
    warn,
    ...(onLaunch && { onLaunch }),
  });

  function register(key: string, { kind, path }: ResourceOrder): void {
    const resource = resources.get(key) ?? { kind, path, count: 0 };
    resources.set(key, resource);
    resource.count++;
    if (resource.count === 1) tracker.tell(notice('keep', resource));
  }

  function forget(key: string, resource: Resource): void {
    resources.delete(key);
    tracker.tell(notice('forget', resource));
  }

  function release(key: string, resource: Resource): void {
    resource.count--;
    if (resource.count > 0) return;
    tracker.tell(notice('release', resource));
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
    async ended() {
      await Promise.all(removals);
      await tracker.ended();
    },
  };
}

function notice(verb: Notice, { kind, path }: Resource): string {
  return `${JSON.stringify([verb, kind, path])}\n`;
}

function remove({ kind, path }: Resource): Promise<void> {
  return kind === 'file' ? unlink(path) : rm(path, { recursive: true });
}
