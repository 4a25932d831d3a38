/** Texts of outcomes that lie in the store of a submitter, fetched one by one. */
import { VersionSkewError } from './errors.ts';
import { deletePayload, getPayload, type PayloadStore } from './payload-store.ts';

/**
 * @param isShared Whether others may ask for the same outcome.
 * @throws PayloadStoreError; VersionSkewError if there is no store.
 */
export async function fetchOutcome(
  store: PayloadStore | undefined,
  key: string,
  id: string,
  isShared: boolean,
): Promise<string> {
  if (store === undefined) {
    throw new VersionSkewError(
      `the outcome of job ${id} lies in a store (key ${key}), and this executor has none: give it the same store as serveTasks has`,
    );
  }
  const text = (await getPayload(store, key, `the outcome of job ${id}`)).toString();
  if (!isShared) deletePayload(store, key);
  return text;
}
