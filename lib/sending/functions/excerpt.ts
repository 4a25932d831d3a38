/**
 * The parts of a large text that decide what some names mean at one place: what is around the place, and the statements
 * elsewhere that declare the names or may write to them. The rest is left out, so that little has to be parsed.
 */

import {
  endsItem,
  isCountedBefore,
  isWrittenAt,
  occurrencesOf,
  type Span,
  skipSpace,
} from './occurrences.ts';
import { Kind, type Outline, ROOT } from './outline.ts';

export interface Excerpt {
  readonly text: string;
  /** Where a position of it is in the whole text. */
  original(position: number): number;
}

const isFunction = (kind: number | undefined): boolean =>
  kind === Kind.functionBody || kind === Kind.arrowBody;
/** What it takes longer to look for than to parse. */
const MOST_POINTS = 50_000;

interface Suspects {
  readonly evals: readonly number[];
  readonly lists: readonly number[];
}

const suspectsOf = new WeakMap<Outline, Suspects>();

export class Selection {
  private readonly text: string;
  private readonly outline: Outline;
  /** Pairs around the place. */
  private readonly path = new Set<number>();
  /** Pairs with something in them that is kept. */
  private readonly kept = new Set<number>();
  /** Positions whose statements are kept. */
  private readonly points: number[] = [];
  private sorted = new Int32Array();
  private pieces: Span[] = [];

  /** `place`: a function; undefined for what is outside of all functions. */
  constructor(text: string, outline: Outline, place: Span | undefined) {
    this.text = text;
    this.outline = outline;
    if (!place) return;
    for (let at = this.outside(place.start); at !== ROOT; at = this.parent(at)) this.path.add(at);
    this.keep(place.start);
  }

  /**
   * Keeps what declares and exports something, and what names one of these where the place can see it.
   *
   * @param inner Those among them that are no variables of the file.
   */
  keepAround(names: Iterable<string>, inner: ReadonlySet<string>): void {
    const around = this.excerpt(false);
    const statement = this.statementAround();
    for (const name of names) {
      for (const { start } of occurrencesOf(around.text, name)) {
        const position = around.original(start);
        const isFar = position < statement.start || position >= statement.end;
        if (!(isFar && inner.has(name))) this.keep(position);
      }
    }
    for (const word of ['import', 'export'])
      for (const { start } of occurrencesOf(around.text, word)) this.keepDeclaration(around.original(start));
  }

  /** What of the file, between two ends of statements, has the place in it. */
  private statementAround(): Span {
    const { length } = this.text;
    const [place = 0] = this.points;
    let start = 0;
    for (const end of [...this.endsIn(ROOT, 0, length), length]) {
      if (end > place) return { start, end };
      start = end;
    }
    return { start, end: length };
  }

  /** Imports and exports have what they name in braces. */
  private keepDeclaration(start: number): void {
    const { text, outline } = this;
    if (this.around(start) !== ROOT) return;
    this.keep(start);
    const next = lastBefore(outline.opens, start) + 1;
    const open = outline.opens[next];
    if (open === undefined || text[open] !== '{') return;
    this.keep(open + 1);
    // Attributes: `from './file.json' with { type: 'json' }`.
    const following = outline.opens[lastBefore(outline.opens, outline.closes[next] as number) + 1];
    if (following !== undefined && text[following] === '{') this.keep(following + 1);
  }

  /**
   * Keeps what may write to a variable of that name, anywhere in its scope. Gives whether there is more of it than was
   * kept before.
   */
  keepWrites(name: string, scope: Span): boolean {
    const before = this.points.length;
    const all = [...occurrencesOf(this.text, name, scope)];
    for (const { start, end } of all) if (this.isWritten(start, end)) this.keep(start);
    const { evals, lists } = this.suspects();
    for (const start of evals) if (start >= scope.start && start < scope.end) this.keep(start);
    for (const start of lists)
      if (start >= scope.start && start < scope.end && this.isOfPath(start)) this.keep(start);
    if (this.points.length === before) return false;
    for (const { start } of all) if (this.isInSight(start)) this.keep(start);
    return true;
  }

  /** What may write to any variable: each call of `eval` and each `arguments` of the text. */
  private suspects(): Suspects {
    const { text, outline } = this;
    const known = suspectsOf.get(outline);
    if (known) return known;
    const starts = (found: readonly Span[]): number[] => found.map(({ start }) => start);
    const evals = occurrencesOf(text, 'eval').filter(({ end }) => text[skipSpace(text, end)] === '(');
    const suspects = { evals: starts(evals), lists: starts(occurrencesOf(text, 'arguments')) };
    suspectsOf.set(outline, suspects);
    return suspects;
  }

  get isTooMuch(): boolean {
    return this.points.length > MOST_POINTS;
  }

  private keep(position: number): void {
    this.points.push(position);
    for (let at = this.around(position); at !== ROOT && !this.kept.has(at); at = this.parent(at))
      this.kept.add(at);
  }

  private parent(pair: number): number {
    return this.outline.parents[pair] as number;
  }

  /** The innermost pair around a position; a bracket itself is inside. */
  private around(position: number): number {
    const { opens, closes } = this.outline;
    let at = lastBefore(opens, position + 1);
    while (at !== ROOT && (closes[at] as number) < position) at = this.parent(at);
    return at;
  }

  /** The same where a bracket itself is outside. */
  private outside(position: number): number {
    const { opens, closes } = this.outline;
    const at = this.around(position);
    return at !== ROOT && (opens[at] === position || closes[at] === position) ? this.parent(at) : at;
  }

  /** Also as part of a pattern: `[name] = …`, `for ({ key: name } of …)`. */
  private isWritten(start: number, end: number): boolean {
    const { text, outline } = this;
    if (isWrittenAt(text, end) || isCountedBefore(text, start)) return true;
    let past = end;
    for (let at = this.around(start); at !== ROOT && endsItem(text, past); at = this.parent(at)) {
      if (isFunction(outline.kinds[at])) return false;
      past = (outline.closes[at] as number) + 1;
      if (isWrittenAt(text, past)) return true;
    }
    return false;
  }

  /** No function that is left out hides it. */
  private isInSight(position: number): boolean {
    let at = this.around(position);
    while (at !== ROOT && !isFunction(this.outline.kinds[at])) at = this.parent(at);
    return at === ROOT || this.kept.has(at);
  }

  /** The `arguments` of a function around the place. */
  private isOfPath(position: number): boolean {
    let at = this.around(position);
    while (at !== ROOT && this.outline.kinds[at] !== Kind.functionBody) at = this.parent(at);
    return this.path.has(at);
  }

  /** `isChosen`: only statements that are kept; else all around the place. */
  excerpt(isChosen = true): Excerpt {
    this.sorted = Int32Array.from(this.points).sort();
    this.pieces = [];
    this.statements(ROOT, isChosen);
    const { pieces, text } = this;
    const starts = new Int32Array(pieces.length);
    let length = 0;
    const parts: string[] = [];
    for (const [index, { start, end }] of pieces.entries()) {
      starts[index] = length;
      length += end - start;
      parts.push(text.slice(start, end));
    }
    return {
      text: parts.join(''),
      original(position) {
        const index = Math.max(0, lastBefore(starts, position + 1));
        return (pieces[index]?.start ?? 0) + position - (starts[index] ?? 0);
      },
    };
  }

  private hasPoint(start: number, end: number): boolean {
    const { sorted } = this;
    const at = lastBefore(sorted, start) + 1;
    return at < sorted.length && (sorted[at] as number) < end;
  }

  /** Those between a pair of brackets; directives among them are kept. */
  private statements(pair: number, isChosen: boolean): void {
    const { text, outline } = this;
    const [first, last] =
      pair === ROOT
        ? [0, text.length]
        : [(outline.opens[pair] as number) + 1, outline.closes[pair] as number];
    if (!isChosen) {
      this.piece(first, last, isChosen);
      return;
    }
    let start = first;
    let areDirectives = true;
    for (const end of [...this.endsIn(pair, first, last), last]) {
      areDirectives &&= /['"]/.test(text[skipSpace(text, start)] ?? '');
      if (areDirectives || this.hasPoint(start, end)) this.piece(start, end, isChosen);
      start = end;
    }
  }

  private *endsIn(pair: number, first: number, last: number): Generator<number> {
    const { ends, endParents } = this.outline;
    for (let i = lastBefore(ends, first) + 1; i < ends.length && (ends[i] as number) < last; i++) {
      if (endParents[i] !== pair) continue;
      const end = (ends[i] as number) + 1;
      const next = skipSpace(this.text, end);
      if (!/[ew]/.test(this.text[next] ?? '') || !/^(?:else|while)\b/.test(this.text.slice(next, next + 6)))
        yield end;
    }
  }

  /** Without what is in the braces of it that has nothing to keep. */
  private piece(start: number, end: number, isChosen: boolean): void {
    const { opens, closes, kinds } = this.outline;
    let from = start;
    for (let at = lastBefore(opens, start) + 1; at < opens.length && (opens[at] as number) < end; ) {
      const [open, close, kind] = [opens[at] as number, closes[at] as number, kinds[at] as number];
      const isKept = this.hasPoint(open, close);
      const isVerbatim = isKept
        ? kind !== Kind.block && !isFunction(kind)
        : kind < Kind.block || kind === Kind.embedded || !(isChosen || isFunction(kind));
      if (isVerbatim) {
        at++;
        continue;
      }
      this.pieces.push({ start: from, end: open + 1 });
      if (isKept) this.statements(at, isChosen);
      from = close;
      at = lastBefore(opens, close) + 1;
    }
    this.pieces.push({ start: from, end });
  }
}

/** The index of the last number that is smaller; -1 if there is none. */
function lastBefore(numbers: Int32Array, limit: number): number {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((numbers[middle] as number) < limit) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
