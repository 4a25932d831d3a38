/**
 * Errors of a task that calls what only its program has: a method that a plugin has added there, or a polyfill. Their
 * messages name imports as the program does, and their stacks say what can be done. Knows texts alone.
 */

/** How the text of a function finds what it imports; see class-text.ts. */
const IMPORTED = /__loky_import_([\p{ID_Continue}$]+)(?:\.([\p{ID_Continue}$]+))?/gu;

/** Names of imports in the place of what stands for them in workers. */
export function sourceNames(text: string): string {
  if (!text.includes('__loky_import_')) return text;
  const plain = text.replace(IMPORTED, (_, variable: string, member: string | undefined) =>
    member === undefined || member === 'default' || member === variable ? variable : `${variable}.${member}`,
  );
  return plain.replace(/\(0 ?, ?([\p{ID_Continue}$.]+)\)/gu, '$1');
}

const NOT_THERE = / is not a (?:function|constructor)$/;
/** As TypeScript names what was imported: `dayjs_1.default`. */
const COMPILED_IMPORT = /^(?:\(0 ?, ?)?[\p{ID_Continue}$]+_\d+\./u;

/** A line for the stack; empty if nothing speaks for a method that was added in the program. */
export function hintFor(error: object, message: string): string {
  if (!(error instanceof TypeError) || !NOT_THERE.test(message)) return '';
  const [, root = ''] = /^([\p{ID_Continue}$]+)\./u.exec(message) ?? [];
  const isOfOthers =
    message.includes('__loky_import_') || COMPILED_IMPORT.test(message) || root in globalThis;
  return isOfOthers
    ? '\n    hint: if a plugin or a polyfill adds it in the program, name that module in `preload`, or add it in an `initializer`'
    : '';
}
