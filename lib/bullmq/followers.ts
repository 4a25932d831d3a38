/** Tasks that wait for the outcome of a job which others may wait for too, by the id of the job. */
import type { RemoteLink } from './remote-link.ts';
import type { RemoteTask } from './remote-task.ts';

export class Followers {
  readonly #link: Pick<RemoteLink, 'follow' | 'unfollow'>;
  readonly #followers = new Map<string, Set<RemoteTask>>();

  constructor(link: Pick<RemoteLink, 'follow' | 'unfollow'>) {
    this.#link = link;
  }

  has(id: string): boolean {
    return this.#followers.has(id);
  }

  of(id: string): Iterable<RemoteTask> {
    return this.#followers.get(id) ?? [];
  }

  /** Resolves when nothing that is said of the job from then on is missed. Never rejects. */
  async add(task: RemoteTask): Promise<void> {
    const followers = this.#followers.get(task.id) ?? new Set();
    followers.add(task);
    this.#followers.set(task.id, followers);
    await this.#link.follow(task.id).catch(() => {}); // the reconciler reads its job
  }

  /** An engine that was not reached before has followed nothing. Never rejects. */
  async resume(): Promise<void> {
    await Promise.allSettled([...this.#followers.keys()].map((id) => this.#link.follow(id)));
  }

  remove(task: RemoteTask): void {
    const followers = this.#followers.get(task.id);
    if (followers?.delete(task) !== true || followers.size > 0) return;
    this.#followers.delete(task.id);
    this.#link.unfollow(task.id);
  }
}
