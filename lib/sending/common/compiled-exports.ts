/**
 * What a module exports under a name, also where a compiler has put a getter there: `exports` of files that were ES
 * modules. Only such getters are called, and none that does more than to read a variable or a property.
 */
const VALUE = String.raw`[\p{ID_Start}$_][\p{ID_Continue}$]*(?:\.[\p{ID_Continue}$]+|\[["']?[\p{ID_Continue}$]+["']?\])*`;
const READS = new RegExp(
  String.raw`^(?:(?:function|get)?\s*[\p{ID_Continue}$]*\s*\(\)\s*\{\s*return\s+${VALUE}\s*;?\s*\}|\(\)\s*=>\s*${VALUE})$`,
  'u',
);

const { getOwnPropertyDescriptor } = Object;

/** Undefined too where reading it would run anything else. `exported` is what a module exports, as a whole. */
export function exportedValue(exported: object, key: string): unknown {
  try {
    const descriptor = getOwnPropertyDescriptor(exported, key);
    if (!descriptor || 'value' in descriptor) return descriptor?.value as unknown;
    const { get } = descriptor;
    const isCompiled = getOwnPropertyDescriptor(exported, '__esModule')?.value === true;
    if (!get || !isCompiled || !READS.test(Function.prototype.toString.call(get))) return undefined;
    return (exported as Record<string, unknown>)[key];
  } catch {
    // Its declaration has not run yet.
    return undefined;
  }
}
