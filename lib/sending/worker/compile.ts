/**
 * Code texts to functions. A text is compiled once, under the name of its file and at its own place in it, so that
 * stacks point to the user's source. Captured values become constants of the compiled scope: full speed.
 */
import { compileFunction } from 'node:vm';
import type { CodeText, TextMap } from '../graph/row.ts';
import { importOption } from './modules.ts';
import { nameWithMap } from './source-maps.ts';

type Closed = (slots: readonly unknown[]) => object;
type Open = (
  slots: readonly unknown[],
) => readonly [made: object, set: (slot: number, value: unknown) => void];

const NAMES = ['__loky_slots', '__loky_at', '__loky_value'];

/** A name that the text does not have, nor any variable that it uses. */
function unused(name: string, { text, slots }: CodeText): string {
  let free = name;
  while (text.includes(free) || slots.includes(free)) free += '_';
  return free;
}

export class Code {
  readonly text: CodeText;
  private closed: Closed | undefined;
  private open: Open | undefined;
  private name: string | undefined;

  constructor(text: CodeText) {
    this.text = text;
  }

  /** With all values known: they are constants. */
  make(slots: readonly unknown[], self: unknown): object {
    this.closed ??= this.compile(false) as Closed;
    return this.member(this.closed.call(self, slots));
  }

  /** With values that come later, for cycles. */
  makeOpen(
    slots: readonly unknown[],
    self: unknown,
  ): readonly [object, (slot: number, value: unknown) => void] {
    this.open ??= this.compile(true) as Open;
    const [made, set] = this.open.call(self, slots);
    return [this.member(made), set];
  }

  private member(made: object): object {
    if (this.text.form === 'expression') return made;
    const [key] = Reflect.ownKeys(made);
    const descriptor = Object.getOwnPropertyDescriptor(made, key as string) as PropertyDescriptor;
    return (descriptor.get ?? descriptor.set ?? descriptor.value) as object;
  }

  private mapped(map: TextMap): Pick<CodeText, 'file' | 'line' | 'column'> {
    this.name ??= nameWithMap(this.text.file, map);
    return { file: this.name, line: 0, column: 0 };
  }

  private compile(open: boolean): unknown {
    const { text, slots, written, form, strict, map } = this.text;
    const [all, at, value] = NAMES.map((name) => unused(name, this.text)) as [string, string, string];
    const declare = (name: string, index: number): string =>
      `${open || written.includes(name) ? 'let' : 'const'} ${name}=${all}[${index}];`;
    const [before, after] = form === 'member' ? ['({', '\n})'] : ['(', '\n)'];
    const prefix = `${strict ? '"use strict";' : ''}${slots.map(declare).join('')}return ${open ? '[' : ''}${before}`;
    const cases = slots.map((name, index) => `case ${index}:${name}=${value};break;`).join('');
    const setter = open ? `,function(${at},${value}){switch(${at}){${cases}}}]` : '';
    const source = `${prefix}${text}${after}${setter};`;
    const dynamic = text.includes('import') ? importOption() : {};
    const { file, line, column } = map ? this.mapped(map) : this.text;
    const place = { filename: file, lineOffset: line, columnOffset: column - prefix.length };
    // No Script: Node.js 20 keeps 1.2 kB of each for as long as the process lives.
    return compileFunction(source, [all], { ...place, ...dynamic });
  }
}
