/** Whether JSON says all of a value: what reads the text has the same, and people can read it too. */

/** Deeper values go as devalue text, whose depth has a limit of its own. */
const DEEPEST = 100;

/** @param isSpecial What is to travel in another way than its parts would: values of reducers. */
export function isPlainJson(value: unknown, isSpecial: (value: unknown) => boolean): boolean {
  const seen = new Set<object>();

  function isPlain(each: unknown, depth: number): boolean {
    if (isSpecial(each)) return false;
    if (typeof each === 'string') return isStorable(each);
    if (each === null || typeof each === 'boolean') return true;
    if (typeof each === 'number') return Number.isFinite(each) && !Object.is(each, -0);
    if (typeof each !== 'object' || depth > DEEPEST || seen.has(each)) return false;
    seen.add(each); // what is there twice must arrive as one
    const keys = Reflect.ownKeys(each);
    return Array.isArray(each) ? isPlainList(each, keys.length, depth) : isPlainRecord(each, keys, depth);
  }

  /** `length` is one of its keys: without holes and names of its own it has one more than items. */
  function isPlainList(list: readonly unknown[], keyCount: number, depth: number): boolean {
    if (Object.getPrototypeOf(list) !== Array.prototype || keyCount !== list.length + 1) return false;
    return list.every((item) => isPlain(item, depth + 1));
  }

  function isPlainRecord(record: object, keys: readonly (string | symbol)[], depth: number): boolean {
    if (Object.getPrototypeOf(record) !== Object.prototype) return false;
    return keys.every((key) => {
      if (typeof key !== 'string' || key === '__proto__' || key === 'toJSON' || !isStorable(key))
        return false;
      const field = Object.getOwnPropertyDescriptor(record, key);
      return field?.enumerable === true && 'value' in field && isPlain(field.value, depth + 1);
    });
  }

  return isPlain(value, 0);
}

/** Half a surrogate pair. */
const LONE_SURROGATE = /\p{Surrogate}/gu;

/** JSON has all strings, but a Postgres refuses those with a NUL or half a surrogate pair. */
const isStorable = (text: string): boolean => !text.includes('\0') && text.search(LONE_SURROGATE) === -1;

/** A message that is shown in the queue, without what an engine does not store. */
export const storable = (text: string): string =>
  text.replaceAll('\0', '\ufffd').replaceAll(LONE_SURROGATE, '\ufffd');
