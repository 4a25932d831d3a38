/**
 * Where a text names a variable, found by its characters alone. May find too much (a name in a string), never too little.
 */

/** A part of a text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

const BEYOND_ASCII = /[\p{ID_Continue}\u200c\u200d]/u;

/** Of a name, as far as the character is one of ASCII. */
export const isAsciiWord = (code: number): boolean =>
  (code >= 97 && code <= 122) ||
  (code >= 65 && code <= 90) ||
  (code >= 48 && code <= 57) ||
  code === 95 ||
  code === 36;

function isWordAt(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  if (code > 127) return (code >= 0xd800 && code < 0xe000) || BEYOND_ASCII.test(text[at] as string);
  return isAsciiWord(code);
}

/** Properties of something (`x.name`, `x.#name`) are none of it. */
export function occurrencesOf(text: string, name: string, within?: Span): Span[] {
  const found: Span[] = [];
  const part = within ? text.slice(within.start, within.end) : text;
  const offset = within?.start ?? 0;
  const { length } = name;
  for (let start = part.indexOf(name); start >= 0; start = part.indexOf(name, start + length)) {
    const end = start + length;
    if (isWordAt(part, start - 1) || isWordAt(part, end)) continue;
    const before = part[start - 1];
    const isProperty = (before === '.' && !part.startsWith('...', start - 3)) || before === '#';
    if (!isProperty) found.push({ start: offset + start, end: offset + end });
  }
  return found;
}

const SPACE = /(?:\s+|\/\/.*|\/\*[\s\S]*?\*\/)*/y;

/** Past spaces and comments. */
export function skipSpace(text: string, at: number): number {
  const code = text.charCodeAt(at);
  if (code > 32 && code < 128 && code !== 47) return at;
  SPACE.lastIndex = at;
  SPACE.test(text);
  return SPACE.lastIndex;
}

/** `=` and its like, `++`, and the words that give a variable each item of something. */
const WRITES = /(?:[-+*/%&|^]|\*\*|<<|>>>?|&&|\|\||\?\?)?=(?![=>])|\+\+|--|(?:of|in)(?![\p{ID_Continue}$])/uy;

/** Whether what ends before `at` is written to by what comes next. */
export function isWrittenAt(text: string, at: number): boolean {
  WRITES.lastIndex = skipSpace(text, at);
  return WRITES.test(text);
}

/** `++name`, `--(name)`; a comment before it hides what comes before. */
export function isCountedBefore(text: string, at: number): boolean {
  let i = at - 1;
  while (i >= 0 && /[\s(]/.test(text[i] as string)) i--;
  return ['++', '--', '*/'].includes(text.slice(i - 1, i + 1));
}

/** Whether it ends an item of a list, or what is in parentheses: then the whole may be written to. */
export const endsItem = (text: string, at: number): boolean =>
  /[,\])}]/.test(text[skipSpace(text, at)] ?? '');
