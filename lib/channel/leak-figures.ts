/** What a worker tells when it asks to be replaced for its memory: the content of a `retire` frame. */

/** Measured by a worker between two tasks; all in bytes. */
export interface LeakFigures {
  /** After the first task and a forced garbage collection. */
  readonly reference: number;
  /** Now, after another one. */
  readonly memory: number;
  readonly threshold: number;
}

/** @throws Error if it is not what a worker sends. */
export function readLeakFigures(body: Uint8Array): LeakFigures {
  const { reference, memory, threshold } = JSON.parse(Buffer.from(body).toString()) as Record<
    string,
    unknown
  >;
  return { reference: Number(reference), memory: Number(memory), threshold: Number(threshold) };
}
