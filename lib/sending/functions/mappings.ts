/** The `mappings` of a source map (ECMA-426) to segments and back. Knows no files. */

/** A place in generated text and the place in a source that it comes from. All count from zero. */
export interface Segment {
  readonly line: number;
  readonly column: number;
  readonly source: number;
  readonly sourceLine: number;
  readonly sourceColumn: number;
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const values = new Map([...DIGITS].map((digit, value) => [digit, value]));

/** @throws SyntaxError if a digit is none of base 64. */
export function* decodeMappings(mappings: string): Generator<Segment> {
  let [source, sourceLine, sourceColumn] = [0, 0, 0];
  for (const [line, text] of mappings.split(';').entries()) {
    let column = 0;
    for (const segment of text === '' ? [] : text.split(',')) {
      const [columns = 0, sources, lines = 0, sourceColumns = 0] = decodeNumbers(segment);
      column += columns;
      if (sources === undefined) continue; // text that comes from no source
      source += sources;
      sourceLine += lines;
      sourceColumn += sourceColumns;
      yield { line, column, source, sourceLine, sourceColumn };
    }
  }
}

/** Segments must be in the order of the generated text. */
export function encodeMappings(segments: readonly Segment[]): string {
  let mappings = '';
  let last: Segment = { line: 0, column: 0, source: 0, sourceLine: 0, sourceColumn: 0 };
  for (const segment of segments) {
    const isNewLine = segment.line > last.line;
    if (isNewLine) mappings += ';'.repeat(segment.line - last.line);
    else if (mappings !== '' && !mappings.endsWith(';')) mappings += ',';
    mappings += encodeNumber(segment.column - (isNewLine ? 0 : last.column));
    mappings += encodeNumber(segment.source - last.source);
    mappings += encodeNumber(segment.sourceLine - last.sourceLine);
    mappings += encodeNumber(segment.sourceColumn - last.sourceColumn);
    last = segment;
  }
  return mappings;
}

function decodeNumbers(text: string): number[] {
  const numbers: number[] = [];
  let [number, shift] = [0, 0];
  for (const digit of text) {
    const value = values.get(digit);
    if (value === undefined) throw new SyntaxError(`"${digit}" is not a digit of a source map`);
    number += (value & 31) << shift;
    shift += 5;
    if (value & 32) continue;
    numbers.push(number & 1 ? -(number >> 1) : number >> 1);
    [number, shift] = [0, 0];
  }
  return numbers;
}

function encodeNumber(number: number): string {
  let rest = number < 0 ? (-number << 1) | 1 : number << 1;
  let text = '';
  do {
    const value = rest & 31;
    rest >>>= 5;
    text += DIGITS[rest > 0 ? value | 32 : value];
  } while (rest > 0);
  return text;
}
