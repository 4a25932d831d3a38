/**
 * The brackets of a text of JavaScript, and where its statements end, without parsing it: a bundle has megabytes, and few
 * of them matter for one function. Knows strings, comments, templates and regular expressions, and no syntax beyond.
 */

import { isAsciiWord } from './occurrences.ts';

/** What is between a pair of brackets, as far as what stands before it says so. */
export const Kind = {
  round: 0,
  /** The part in parentheses of `if`, `for`, `while`, `with` and `catch`. */
  head: 1,
  switchHead: 2,
  square: 3,
  block: 4,
  switchBody: 5,
  object: 6,
  functionBody: 7,
  arrowBody: 8,
  /** `${…}` in a template. */
  embedded: 9,
  /** Braces after a colon, a class name and the like. */
  braces: 10,
} as const;

export const ROOT = -1;

export interface Outline {
  /** Pairs of brackets in the order of their beginnings: where each opens and closes, and which one is around it. */
  readonly opens: Int32Array;
  readonly closes: Int32Array;
  readonly parents: Int32Array;
  readonly kinds: Uint8Array;
  /** Semicolons, and what is around each. */
  readonly ends: Int32Array;
  readonly endParents: Int32Array;
}

const [PLAIN, SPACE, QUOTE, TEMPLATE, SLASH, OPEN, CLOSE, END, LESS, STRANGE, ESCAPE] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
] as const;
const CLASSES = new Uint8Array(128);
for (const [characters, kind] of [
  [' \t\n\v\f\r', SPACE],
  ['"\'', QUOTE],
  ['`', TEMPLATE],
  ['/', SLASH],
  ['([{', OPEN],
  [')]}', CLOSE],
  [';', END],
  ['<', LESS],
  ['\\', ESCAPE],
  ['@', STRANGE],
] as const) {
  for (const character of characters) CLASSES[character.charCodeAt(0)] = kind;
}

type Six = [number, number, number, number, number, number];

const codeOf = (character: string): number => character.charCodeAt(0);
const [BACKSLASH, LINE_FEED, SLASH_CODE, STAR, DOLLAR, BACKTICK] = [...'\\\n/*$`'].map(codeOf) as Six;
const [ROUND_OPEN, SQUARE_OPEN, BRACE_OPEN, ROUND_CLOSE, SQUARE_CLOSE, BRACE_CLOSE] = [...'([{)]}'].map(
  codeOf,
) as Six;
const [DOT, PLUS, MINUS, GREATER, EQUALS, COLON] = [...'.+->=:'].map(codeOf) as Six;

/** After these words, a slash begins a regular expression. */
const BEFORE_EXPRESSION = new Set([
  ...['return', 'typeof', 'instanceof', 'in', 'new', 'delete', 'void', 'throw', 'case', 'do', 'else'],
]);
/** They may be names as well. */
const PERHAPS_NAMES = new Set(['of', 'await', 'yield', 'let', 'static', 'async', 'get', 'set']);
const BEFORE_BLOCK = new Set(['else', 'do', 'try', 'finally']);
const BEFORE_OBJECT = new Set(['return', 'typeof', 'in', 'of', 'void', 'throw', 'await', 'yield', 'new']);
const HEADS: ReadonlyMap<string, number> = new Map([
  ...['if', 'for', 'while', 'with', 'catch'].map((word) => [word, Kind.head] as const),
  ['switch', Kind.switchHead] as const,
]);
const LONGEST_KEYWORD = 10;

/** Whatever else is between tokens, or ends a line. */
const OTHER_SPACE = /[\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]/;
const ESCAPED_REST = /(?:\\u(?:[\da-f]{4}|\{[\da-f]+\})|[\w$\u0080-\uffff])+/iy;
const isWordCode = (code: number): boolean => code > 127 || isAsciiWord(code);

/** Thrown inside, where only a parser knows what the text means. */
class Undecided extends Error {}

/** Undefined where it is not certain. */
export function outlineOf(text: string): Outline | undefined {
  if (hasOddLines(text)) return undefined;
  try {
    return new Scan(text).run();
  } catch (error) {
    if (error instanceof Undecided) return undefined;
    throw error;
  }
}

/** Lines that end otherwise, and comments in the style of HTML. */
function hasOddLines(text: string): boolean {
  if (text.includes('\u2028') || text.includes('\u2029')) return true;
  if (text.includes('\r') && /\r(?!\n)/.test(text)) return true;
  for (let at = text.indexOf('-->'); at >= 0; at = text.indexOf('-->', at + 3)) {
    const line = text.slice(text.lastIndexOf('\n', at) + 1, at);
    if (line.trim() === '' || line.trimEnd().endsWith('*/')) return true;
  }
  return false;
}

class Scan {
  private readonly text: string;
  private readonly opens: number[] = [];
  private readonly closes: number[] = [];
  private readonly parents: number[] = [];
  private readonly kinds: number[] = [];
  private readonly ends: number[] = [];
  private readonly endParents: number[] = [];
  /** The pair around. */
  private at = ROOT;
  private lastClosed = ROOT;

  constructor(text: string) {
    this.text = text;
  }

  run(): Outline {
    const { text } = this;
    const { length } = text;
    /** The last character that is no space and in no comment. */
    let previous = -1;
    for (let i = text.startsWith('#!') ? this.lineEnd(0) : 0; i < length; i++) {
      const code = text.charCodeAt(i);
      switch (code < 128 ? CLASSES[code] : this.beyond(i)) {
        case PLAIN:
          previous = i;
          break;
        case SPACE:
          break;
        case QUOTE:
          previous = i = this.stringEnd(i, code);
          break;
        case TEMPLATE:
          previous = i = this.templateEnd(i + 1);
          break;
        case SLASH: {
          const comment = this.commentEnd(i);
          if (comment >= 0) i = comment;
          else previous = i = this.isDivision(previous) ? i : this.patternEnd(i);
          break;
        }
        case OPEN:
          this.open(i, this.kindAt(code, previous));
          previous = i;
          break;
        case CLOSE:
          previous = i = this.close(i, code);
          break;
        case END:
          this.ends.push(i);
          this.endParents.push(this.at);
          previous = i;
          break;
        case LESS:
          if (text.startsWith('!--', i + 1)) throw new Undecided();
          previous = i;
          break;
        case ESCAPE:
          previous = i = this.keyEnd(i);
          break;
        default:
          throw new Undecided();
      }
    }
    if (this.at !== ROOT) throw new Undecided();
    return this.result();
  }

  private result(): Outline {
    return {
      opens: Int32Array.from(this.opens),
      closes: Int32Array.from(this.closes),
      parents: Int32Array.from(this.parents),
      kinds: Uint8Array.from(this.kinds),
      ends: Int32Array.from(this.ends),
      endParents: Int32Array.from(this.endParents),
    };
  }

  private beyond(i: number): number {
    return OTHER_SPACE.test(this.text[i] as string) ? STRANGE : PLAIN;
  }

  private lineEnd(i: number): number {
    const end = this.text.indexOf('\n', i);
    return end < 0 ? this.text.length : end;
  }

  /** Of a name with escapes that is a key or a property: another may be a variable, which is looked for as it is spelled. */
  private keyEnd(start: number): number {
    const { text } = this;
    ESCAPED_REST.lastIndex = start;
    const [rest = ''] = ESCAPED_REST.exec(text) ?? [];
    const end = start + rest.length;
    let before = start - 1;
    while (isWordCode(text.charCodeAt(before))) before--;
    const isProperty = text.charCodeAt(before) === DOT && text.charCodeAt(before - 1) !== DOT;
    if (rest === '' || !(isProperty || text.charCodeAt(end) === COLON)) throw new Undecided();
    return end - 1;
  }

  private stringEnd(start: number, quote: number): number {
    const { text } = this;
    for (let i = start + 1; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code === quote) return i;
      if (code === BACKSLASH) i++;
      else if (code === LINE_FEED) break;
    }
    throw new Undecided();
  }

  /** Its end, or where something is embedded. */
  private templateEnd(start: number): number {
    const { text } = this;
    for (let i = start; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code === BACKTICK) return i;
      if (code === BACKSLASH) i++;
      else if (code === DOLLAR && text.charCodeAt(i + 1) === BRACE_OPEN) {
        this.open(i + 1, Kind.embedded);
        return i + 1;
      }
    }
    throw new Undecided();
  }

  /** -1 if no comment begins there. */
  private commentEnd(start: number): number {
    const next = this.text.charCodeAt(start + 1);
    if (next === SLASH_CODE) return this.lineEnd(start);
    if (next !== STAR) return -1;
    const end = this.text.indexOf('*/', start + 2);
    if (end < 0) throw new Undecided();
    return end + 1;
  }

  private patternEnd(start: number): number {
    const { text } = this;
    let isInClass = false;
    for (let i = start + 1; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code === BACKSLASH) i++;
      else if (code === LINE_FEED) break;
      else if (code === SQUARE_OPEN) isInClass = true;
      else if (code === SQUARE_CLOSE) isInClass = false;
      else if (code === SLASH_CODE && !isInClass) return i;
    }
    throw new Undecided();
  }

  private isDivision(previous: number): boolean {
    if (previous < 0) return false;
    const { text } = this;
    const code = text.charCodeAt(previous);
    const before = text.charCodeAt(previous - 1);
    if (isWordCode(code)) return this.isOperand(this.wordAt(previous));
    switch (code) {
      case ROUND_CLOSE:
        return this.kinds[this.lastClosed] === Kind.round;
      case BRACE_CLOSE:
        if (this.kinds[this.lastClosed] === Kind.object) return true;
        if (this.kinds[this.lastClosed] === Kind.block) return false;
        throw new Undecided();
      case PLUS:
      case MINUS:
        return before === code;
      case DOT:
        return before !== DOT;
      case SLASH_CODE: // a division, or a pattern that has just ended
        throw new Undecided();
      default: // a string, a template, an index
        return code === SQUARE_CLOSE || code === BACKTICK || CLASSES[code] === QUOTE;
    }
  }

  private isOperand(word: string): boolean {
    if (PERHAPS_NAMES.has(word)) throw new Undecided();
    return !BEFORE_EXPRESSION.has(word);
  }

  /** The word that ends there; empty where it is a property, or longer than any keyword. */
  private wordAt(end: number): string {
    const { text } = this;
    let start = end;
    while (start >= 0 && isWordCode(text.charCodeAt(start))) {
      if (end - start > LONGEST_KEYWORD) return '';
      start--;
    }
    const isProperty = text.charCodeAt(start) === DOT && text.charCodeAt(start - 1) !== DOT;
    return isProperty ? '' : text.slice(start + 1, end + 1);
  }

  private open(i: number, kind: number): void {
    this.opens.push(i);
    this.closes.push(-1);
    this.parents.push(this.at);
    this.kinds.push(kind);
    this.at = this.opens.length - 1;
  }

  /** Where to go on: behind the text of a template if this was embedded in one. */
  private close(i: number, code: number): number {
    const { at } = this;
    if (at === ROOT) throw new Undecided();
    const kind = this.kinds[at] as number;
    const expected =
      kind === Kind.square ? SQUARE_CLOSE : kind <= Kind.switchHead ? ROUND_CLOSE : BRACE_CLOSE;
    if (code !== expected) throw new Undecided();
    this.closes[at] = i;
    this.lastClosed = at;
    this.at = this.parents[at] as number;
    return kind === Kind.embedded ? this.templateEnd(i + 1) : i;
  }

  private kindAt(code: number, previous: number): number {
    if (code === SQUARE_OPEN) return Kind.square;
    const before = previous < 0 ? 0 : this.text.charCodeAt(previous);
    const word = isWordCode(before) ? this.wordAt(previous) : '';
    if (code === ROUND_OPEN) return HEADS.get(word) ?? Kind.round;
    if (isWordCode(before)) {
      if (BEFORE_BLOCK.has(word)) return Kind.block;
      return BEFORE_OBJECT.has(word) ? Kind.object : Kind.braces;
    }
    return this.kindOfBraces(before, previous);
  }

  private kindOfBraces(before: number, previous: number): number {
    switch (before) {
      case ROUND_CLOSE: {
        const head = this.kinds[this.lastClosed];
        if (head === Kind.round) return Kind.functionBody;
        return head === Kind.switchHead ? Kind.switchBody : Kind.block;
      }
      case GREATER:
        return this.text.charCodeAt(previous - 1) === EQUALS ? Kind.arrowBody : Kind.object;
      case COLON:
        return Kind.braces;
      case ROUND_OPEN:
      case SQUARE_OPEN:
        return Kind.object;
      default:
        if (CLASSES[before] === END) return Kind.block;
        return before !== 0 && (CLASSES[before] === PLAIN || CLASSES[before] === LESS)
          ? Kind.object
          : Kind.braces;
    }
  }
}
