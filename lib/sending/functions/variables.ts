/** Captured variables: reading one, and what is read of one that has no value yet. */

export const NOT_INITIALIZED = Symbol('not initialized');

/** Newer engines throw for a variable whose declaration did not run yet. */
export function readVariable(variables: Record<string, unknown> | undefined, name: string): unknown {
  try {
    return variables?.[name];
  } catch {
    return NOT_INITIALIZED;
  }
}
