/**
 * The names of the tasks that a worker was sent, for as long as lines that one of them has written may
 * still arrive.
 */

type Stream = 'stdout' | 'stderr';

/** A worker whose task has closed one of its streams never shows that it has come further. */
const MOST = 10_000;

export class TaskNames {
  readonly #names = new Map<number, string>();
  readonly #reached: Record<Stream, { id: number; name: string } | undefined> = {
    stdout: undefined,
    stderr: undefined,
  };

  /** In the order in which they run. */
  add(id: number, name: string): void {
    this.#names.set(id, name);
    if (this.#names.size > MOST) this.#names.delete(this.#names.keys().next().value as number);
  }

  /** @param id Where the stream is now; those before it are past. `undefined` before the first task. */
  nameOf(stream: Stream, id: number | undefined): string | undefined {
    if (id === undefined) return undefined;
    if (this.#reached[stream]?.id !== id) this.#advance(stream, id);
    return this.#reached[stream]?.name;
  }

  #advance(stream: Stream, id: number): void {
    const name = this.#names.get(id);
    this.#reached[stream] = name === undefined ? undefined : { id, name };
    const other = this.#reached[stream === 'stdout' ? 'stderr' : 'stdout'];
    if (other === undefined) return;
    // Numbers grow: nothing asks for a number that both streams have passed.
    for (const known of this.#names.keys()) {
      if (known >= id || known >= other.id) break;
      this.#names.delete(known);
    }
  }
}
