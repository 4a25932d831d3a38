/** What can go wrong between two machines that cannot go wrong on one. Knows nothing of how it is found out. */

/** The engine of the queue (Redis, Postgres) cannot be reached, does not let this program in, or refuses to write. The message says which, and for how long. */
export class QueueUnavailableError extends Error {
  override readonly name = 'QueueUnavailableError';
  readonly code = 'ERR_QUEUE_UNAVAILABLE';
}

/** A task is not in the registry of the side that was asked for it. */
export class UnknownTaskError extends Error {
  override readonly name = 'UnknownTaskError';
  readonly code = 'ERR_UNKNOWN_TASK';
}

/** The two sides run versions of this package or of the tasks, or have options, that do not go together. */
export class VersionSkewError extends Error {
  override readonly name = 'VersionSkewError';
  readonly code = 'ERR_VERSION_SKEW';
}

/** A job is gone, or its machines were lost too often: what became of its task cannot be known. */
export class JobLostError extends Error {
  override readonly name = 'JobLostError';
  readonly code = 'ERR_JOB_LOST';
}

/** There is no job of that id in the queue, and no outcome of it is kept. */
export class UnknownJobError extends Error {
  override readonly name = 'UnknownJobError';
  readonly code = 'ERR_UNKNOWN_JOB';
}

/** The `store` for large payloads failed. The message says at what; its own error is the `cause`. */
export class PayloadStoreError extends Error {
  override readonly name = 'PayloadStoreError';
  readonly code = 'ERR_PAYLOAD_STORE';
}

/** A function came through Redis without a signature, or with one that the shared key did not make. */
export class SignatureError extends Error {
  override readonly name = 'SignatureError';
  readonly code = 'ERR_SIGNATURE';
}
