/**
 * What was left out of errors: where it is, for `error[Symbol.for('loky.omitted')]`. Outside of errors nothing may be
 * left out.
 */
import { SerializationError } from '../../errors.ts';
import { isError } from './errors.ts';
import { partsOf } from './refusal.ts';

/** On an error of a task: the paths of its parts that could not be sent. */
const OMITTED: unique symbol = Symbol.for('loky.omitted') as never;

const MOST_PATHS = 100;
/** Objects that are looked into for a path. */
const MOST_VISITS = 100_000;

export class Omissions {
  private readonly labels = new Map<object, string[]>();
  private firstReason: unknown;
  count = 0;

  /** @param label How a path goes on from `owner`. */
  add(owner: object, label: string, reason: unknown): void {
    this.firstReason ??= reason;
    this.count++;
    if (this.count > MOST_PATHS) return;
    const labels = this.labels.get(owner);
    if (labels) labels.push(label);
    else this.labels.set(owner, [label]);
  }

  /**
   * Lists the parts that are missing on each error that is no part of another one, and on the root if that may have gaps.
   *
   * @throws SerializationError if something is missing that is no part of an error.
   */
  finish(root: unknown, isLenient: boolean): void {
    if (this.count === 0) return;
    if (isLenient || isError(root)) this.list(root);
    else
      this.walk(
        root,
        (value) => !isError(value) || !this.list(value),
        () => this.refuse(),
      );
  }

  private refuse(): never {
    if (this.firstReason instanceof SerializationError) throw this.firstReason;
    throw new SerializationError(`cannot read the answer of the worker: ${String(this.firstReason)}`);
  }

  /** True, for callers that look no further. */
  private list(owner: unknown): boolean {
    if (typeof owner !== 'object' || owner === null) return true;
    const paths: string[] = [];
    this.walk(
      owner,
      () => true,
      (path) => paths.push(path.replace(/^\./, '')),
    );
    if (paths.length === 0) return true;
    if (this.count > MOST_PATHS) paths.push('…');
    Object.defineProperty(owner, OMITTED, { value: paths, configurable: true, writable: true });
    return true;
  }

  private walk(root: unknown, enters: (value: object) => boolean, found: (path: string) => void): void {
    const seen = new Set<unknown>();
    const level: (readonly [path: string, value: unknown])[] = [['', root]];
    for (let next = 0; next < level.length && seen.size < MOST_VISITS; next++) {
      const [path, value] = level[next] as (typeof level)[number];
      if (typeof value !== 'object' || value === null || seen.has(value)) continue;
      seen.add(value);
      if (next > 0 && !enters(value)) continue;
      for (const label of this.labels.get(value) ?? []) found(path + label);
      for (const [label, part] of partsOf(value)) level.push([path + label, part]);
    }
  }
}
