/** What a `map` with automatic chunk sizes asks of a chunk's task, and measures of it. Each task has one. */
export interface ChunkPlan {
  /** The worker claims so many items at a time; those that it has not claimed can be revoked. */
  readonly claimedAtOnce: number;
  /** From start to answer in the worker, in milliseconds. The pool writes it; `undefined` where there was no answer. */
  runTime?: number;
  /**
   * Revokes the items that the worker has not claimed, and returns how many it keeps: the first ones. The pool writes it;
   * `undefined` where the pool cannot take anything back.
   */
  giveBack?: () => number;
}
