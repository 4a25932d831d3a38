/** Replacements in a text, at positions that count in the text as it was. */
import type { NameUse } from './found-names.ts';
import type { Span } from './occurrences.ts';

export class Edits {
  private readonly text: string;
  private readonly offset: number;
  private readonly list: (Span & { readonly text: string })[] = [];

  /** `offset`: where the text starts in the positions that are given. */
  constructor(text: string, offset: number) {
    this.text = text;
    this.offset = offset;
  }

  add(start: number, end: number, text: string): void {
    this.list.push({ start: start - this.offset, end: end - this.offset, text });
  }

  /** Replaces a use of a name. */
  name(use: Pick<NameUse, 'start' | 'end' | 'shorthand'>, name: string, text: string): void {
    this.add(use.start, use.end, use.shorthand ? `${name}:${text}` : text);
  }

  /** Where something at `offset` of the text that is not replaced is afterwards. */
  moved(offset: number): number {
    let moved = offset;
    for (const { start, end, text } of this.list) if (end <= offset) moved += text.length - (end - start);
    return moved;
  }

  result(): string {
    let { text } = this;
    for (const { start, end, text: replacement } of this.list.sort((a, b) => b.start - a.start)) {
      text = text.slice(0, start) + replacement + text.slice(end);
    }
    return text;
  }
}
