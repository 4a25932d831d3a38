/** The mark of a worker's tree: it identifies the processes of the tree when nothing else does. */

/** In the environment of every worker, and of what a worker starts. */
export const MARK_VARIABLE = 'LOKY_WORKER_MARK';

export interface Mark {
  readonly value: string;
  /** To be part of the worker's environment. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Known to no other program on this machine. Node's own crypto would take 4 ms to load, inside the first submit. */
const newValue = (): string =>
  [process.pid, process.hrtime.bigint(), Math.trunc(Math.random() * 2 ** 52)]
    .map((part) => part.toString(36))
    .join('-');

export function createMark(): Mark {
  const value = newValue();
  return { value, environment: { [MARK_VARIABLE]: value } };
}
